import { describe, expect, it } from 'vitest'
import { controllerListener, controllerVoters, formatVoter, nodeRoles } from './cluster-settings.ts'
import { ConfigurationError } from './configuration-error.ts'
import { configurationFor, loadConfiguration } from './load-configuration.ts'

const THREE = '1@a:9093,2@b:9093,3@c:9093'

describe('the list of controllers', () => {
  it('is read as text and as a list, and written as it was', () => {
    const voters = controllerVoters.fromText('1@a.example:9093, 2@[::1]:9094')
    expect(voters).toEqual([
      { nodeId: 1, host: 'a.example', port: 9093 },
      { nodeId: 2, host: '::1', port: 9094 },
    ])
    expect(controllerVoters.fromValue(voters)).toEqual(voters)
    expect(voters?.map(formatVoter)).toEqual(['1@a.example:9093', '2@[::1]:9094'])
  })

  it.each([
    ['nothing', ''],
    ['no port', '1@a'],
    ['a port that is none', '1@a:70000'],
    ['port 0, which nobody could dial', '1@a:0'],
    ['no id', 'a:9093'],
    ['an id that is none', '-1@a:9093'],
    ['an id beyond 32 bits', '4294967296@a:9093'],
    ['an id twice', '1@a:9093,1@b:9093'],
    ['an address twice', '1@a:9093,2@a:9093'],
    ['a comma at its end', '1@a:9093,'],
    ['spaces within', '1@a b:9093'],
  ])('is refused with %s', (_, text) => {
    expect(controllerVoters.fromText(text)).toBeUndefined()
  })
})

it.each([
  ['broker', ['broker']],
  ['controller,broker', ['broker', 'controller']],
  ['', undefined],
  ['broker,broker', undefined],
  ['leader', undefined],
])('"%s" as roles are %s', (text, roles) => {
  expect(nodeRoles.fromText(text)).toEqual(roles)
})

describe('how they fit together', () => {
  const load = (flags: Readonly<Record<string, string>>) => loadConfiguration({ flags })

  it.each<[string, Readonly<Record<string, string>>, string | RegExp]>([
    [
      'a controller that the list does not name',
      { nodeId: '4', controllerQuorumVoters: THREE },
      '--controller-quorum-voters: node 4 is a controller, but the list names only 1, 2, 3 ' +
        '(add 4@host:port to the list, or give this node the role of a broker only)',
    ],
    [
      'a broker that the list takes for a controller',
      { nodeId: '2', roles: 'broker', controllerQuorumVoters: THREE },
      /^--controller-quorum-voters: node 2 is in the list, but "controller" is not among its roles \(give it/,
    ],
    [
      'a broker that knows no controller',
      { roles: 'broker' },
      /^--roles: a node that is no controller must know where the controllers are/,
    ],
    ['a controller alone', { roles: 'controller' }, /^--roles: a controller without a broker of its own must know its cluster/],
    ['a port that nobody needs', { controllerPort: '9093' }, /^--controller-port: a node alone listens for no other controller/],
    [
      'a port of a broker that is no controller',
      { nodeId: '4', roles: 'broker', controllerPort: '9093', controllerQuorumVoters: THREE },
      '--controller-port: node 4 is no controller and listens for none (leave it out)',
    ],
    ['a rack that two settings name differently', { rack: 'a', config: 'broker.rack=b' }, /^--set: broker.rack is b but rack is a/],
  ])('reports %s', async (_, { config, ...flags }, message) => {
    const loading = loadConfiguration({ flags: { ...flags, ...(config === undefined ? {} : { config: [config] }) } })
    await expect(loading).rejects.toBeInstanceOf(ConfigurationError)
    await expect(loading).rejects.toThrow(message)
  })

  it.each<[string, Readonly<Record<string, string>>, { readonly host: string; readonly port: number } | null]>([
    ['a node alone listens for nobody', {}, null],
    [
      'a controller listens on the port that the list gives it',
      { nodeId: '2', controllerQuorumVoters: THREE },
      { host: '127.0.0.1', port: 9093 },
    ],
    [
      'or where it is told to',
      { nodeId: '2', controllerHost: '0.0.0.0', controllerPort: '7000', controllerQuorumVoters: THREE },
      { host: '0.0.0.0', port: 7000 },
    ],
    ['a broker listens for no controller', { nodeId: '4', roles: 'broker', controllerQuorumVoters: THREE }, null],
  ])('%s', async (_, flags, expected) => {
    expect(controllerListener((await load(flags)).configuration)).toEqual(expected)
  })

  it('takes from a program what the file has as text', () => {
    const voters = [{ nodeId: 1, host: 'a', port: 9093 }]
    const configuration = configurationFor({ roles: ['controller'], controllerQuorumVoters: voters, rack: 'r1' })
    expect(configuration).toMatchObject({
      roles: ['controller'],
      controllerQuorumVoters: voters,
      rack: 'r1',
      config: { 'broker.rack': 'r1' },
    })
    expect(configurationFor({ config: { 'broker.rack': 'r2' } }).rack).toBe('r2')
  })
})
