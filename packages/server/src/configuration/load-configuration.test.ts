import { describe, expect, it } from 'vitest'
import { ConfigurationError } from './configuration-error.ts'
import { type ConfigurationSources, configurationFor, loadConfiguration } from './load-configuration.ts'
import type { BrokerOptions } from './settings.ts'

const fromFile = (content: string, flags: ConfigurationSources['flags'] = {}) =>
  loadConfiguration({ file: 'millrace.yaml', readFile: () => content, flags })

async function problemsOf(loading: Promise<unknown>): Promise<string[]> {
  const error = await loading.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ConfigurationError)) throw new Error('expected a ConfigurationError', { cause: error })
  return error.problems.map(({ place, message, hint }) => `${place}: ${message}${hint === null ? '' : ` (${hint})`}`)
}

describe('sources', () => {
  it('has a default for every setting', async () => {
    const { configuration } = await loadConfiguration({})
    expect(configuration).toMatchObject({ host: '127.0.0.1', port: 9092, dataDir: './data', storage: 'file', durability: 'fsync' })
    expect(configuration.advertisedHost).toBeNull()
  })

  it('prefers a flag to the file and the file to the default', async () => {
    const { configuration } = await fromFile('port: 9192\nhost: 0.0.0.0\n', { port: '9292' })
    expect(configuration).toMatchObject({ port: 9292, host: '0.0.0.0', nodeId: 1 })
  })

  it('reads Kafka configs from the file and lets --set override single ones', async () => {
    const { configuration } = await fromFile('config:\n  num.partitions: 3\n  log.retention.hours: 24\n', {
      config: ['num.partitions=6'],
    })
    expect(configuration.config).toMatchObject({ 'num.partitions': '6', 'log.retention.hours': '24' })
  })

  it('accepts an empty file and a key without a value', async () => {
    await expect(fromFile('')).resolves.toBeDefined()
    const { configuration } = await fromFile('advertisedHost:\nport: 1\n')
    expect(configuration).toMatchObject({ advertisedHost: null, port: 1 })
  })

  it('gives the setting durability and the broker config the same value, whichever was given', async () => {
    const fromConfig = await fromFile('config: { log.durability: replicated }')
    expect(fromConfig.configuration.durability).toBe('replicated')
    const fromSetting = await fromFile('durability: replicated')
    expect(fromSetting.configuration.config['log.durability']).toBe('replicated')
    const fromNobody = await fromFile('')
    expect(fromNobody.configuration).toMatchObject({ durability: 'fsync', config: {} })
  })
})

describe('problems', () => {
  it.each([
    [
      'an unknown key, with its line and a suggestion',
      'host: a\nprot: 9092',
      ['millrace.yaml:2: unknown setting "prot" (did you mean "port"?)'],
    ],
    ['kebab case', 'data-dir: x', ['millrace.yaml:1: unknown setting "data-dir" (did you mean "dataDir"?)']],
    [
      "Kafka's own names at the top",
      'log.dirs: x',
      [`millrace.yaml:1: unknown setting "log.dirs" (Kafka's broker configs go under "config:")`],
    ],
    ['text where a number belongs', 'port: "9092"', ['millrace.yaml:1: port must be a whole number from 0 to 65535, not "9092"']],
    ['a number out of range', 'port: 70000', ['millrace.yaml:1: port must be a whole number from 0 to 65535, not 70000']],
    ['a list', 'host: [a]', ['millrace.yaml:1: host must be a host name or address, not a list']],
    ['an unknown choice', 'storage: disk', ['millrace.yaml:1: storage must be one of file, memory, not "disk"']],
    ['a file that is no map', '- port', ['millrace.yaml:1: the file must be a map of settings (for example "port: 9092")']],
    [
      'a contradiction',
      'durability: fsync\nconfig:\n  log.durability: replicated',
      ['millrace.yaml:3: log.durability is replicated but durability is fsync (give one of the two)'],
    ],
  ])('reports %s', async (_name, content, expected) => {
    expect(await problemsOf(fromFile(content))).toEqual(expected)
  })

  it('reports an unknown Kafka config on its own line, with a suggestion', async () => {
    const problems = await problemsOf(fromFile('port: 1\nconfig:\n  num.partitions: 3\n  num.partition: 3\n'))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^millrace\.yaml:4: .*num\.partition.*num\.partitions/)
  })

  it('reports an invalid value of a Kafka config that a flag gave', async () => {
    const problems = await problemsOf(loadConfiguration({ flags: { config: ['num.partitions=many'] } }))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^--set: num\.partitions/)
  })

  it('reports all problems of all sources at once', async () => {
    const problems = await problemsOf(fromFile('prot: 1\nnodeId: -1\n', { port: 'x', config: ['nothing'] }))
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['millrace.yaml', 'millrace.yaml', '--port', '--set'])
  })

  it('reports broken YAML by line', async () => {
    const problems = await problemsOf(fromFile('port: 1\nhost: "a\n'))
    expect(problems[0]).toMatch(/^millrace\.yaml:\d+: not valid YAML/)
  })

  it('expands no alias', async () => {
    expect(await problemsOf(fromFile('port: &p 1\nnodeId: *p\n'))).toEqual([
      'millrace.yaml:2: nodeId must be a whole number from 0 to 2147483647, not an alias',
    ])
  })

  it('reports a file that cannot be read', async () => {
    const loading = loadConfiguration({
      file: 'none.yaml',
      readFile: () => {
        throw new Error('no such file')
      },
    })
    expect(await problemsOf(loading)).toEqual([
      'none.yaml: the configuration file cannot be read: no such file (check the path given to --config)',
    ])
  })
})

describe('options of the embedding API', () => {
  it('are checked like the file', () => {
    expect(configurationFor({ port: 0, storage: 'memory', config: { 'num.partitions': 3 } })).toMatchObject({
      port: 0,
      storage: 'memory',
      config: { 'num.partitions': '3' },
    })
    const misspelt = { prot: 1 } as BrokerOptions
    expect(() => configurationFor(misspelt)).toThrow('options.prot: unknown setting "prot" (did you mean "port"?)')
    expect(() => configurationFor({ port: 1.5 })).toThrow('options.port: port must be a whole number')
  })
})
