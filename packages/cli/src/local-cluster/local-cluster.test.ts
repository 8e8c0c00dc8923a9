import { beforeEach, describe, expect, it } from 'vitest'
import { FakeMachine } from '../testing/fake-machine.ts'
import { LocalCluster, type NodeFormat } from './local-cluster.ts'

let machine: FakeMachine
let formats: NodeFormat[]
let told: string[]
/** Nodes whose processes run but which the cluster does not let in. */
let fenced: Set<number>
let unhealthy: number
let cluster: LocalCluster

beforeEach(() => {
  machine = new FakeMachine()
  formats = []
  told = []
  fenced = new Set()
  unhealthy = 0
  let ids = 0
  cluster = new LocalCluster('./c', {
    machine,
    probe: {
      async brokersSeenAt(address) {
        const up = running()
        return up.includes(Number(address.split(':')[1]) - 9091) ? up.filter((nodeId) => !fenced.has(nodeId)) : null
      },
      unhealthyPartitions: async () => unhealthy,
    },
    format: async (node) => void formats.push(node),
    newId: () => `id-${ids++}`,
    tell: (line) => void told.push(line),
  })
})

function running(): number[] {
  return [...machine.processes.values()].map((path) => Number(/node-(\d+)/.exec(path)?.[1])).toSorted((left, right) => left - right)
}

const UP = { config: {} }
const states = async () => (await cluster.status()).map(({ state }) => state)

describe('up', () => {
  it('makes three nodes at successive ports, formats them alike and waits until all see all', async () => {
    const status = await cluster.up(UP)
    expect(status.map(({ address, state }) => `${address} ${state}`)).toEqual([
      '127.0.0.1:9092 ready',
      '127.0.0.1:9093 ready',
      '127.0.0.1:9094 ready',
    ])
    const list = '1@127.0.0.1:10092:id-0,2@127.0.0.1:10093:id-1,3@127.0.0.1:10094:id-2'
    expect(formats).toEqual(
      [1, 2, 3].map((nodeId) => ({ nodeId, clusterId: 'id-3', dataDir: `/here/c/node-${nodeId}`, initialControllers: list })),
    )
    expect(machine.files.get('/here/c/node-2.yaml')).toContain('port: 9093\n')
  })

  it('does nothing to a cluster that runs, and starts what does not', async () => {
    const first = await cluster.up(UP)
    expect(await cluster.up(UP)).toEqual(first)
    await cluster.kill(2)
    const third = await cluster.up(UP)
    expect([third[0], third[2]]).toEqual([first[0], first[2]])
    expect(third[1]).toMatchObject({ state: 'ready' })
    expect(formats).toHaveLength(3)
  })

  it('formats nothing again, even when a directory is gone', async () => {
    await cluster.up(UP)
    await cluster.down()
    formats = []
    await cluster.up(UP)
    expect(formats).toEqual([])
  })

  it('formats again what it did not finish formatting', async () => {
    await cluster.up(UP)
    await cluster.down()
    const plan = machine.files.get('/here/c/cluster.json') as string
    machine.files.set('/here/c/cluster.json', plan.replace('"isFormatted": true', '"isFormatted": false'))
    formats = []
    await cluster.up(UP)
    expect(formats.map(({ clusterId }) => clusterId)).toEqual(['id-3', 'id-3', 'id-3'])
  })

  it('gives the vote to an odd number of nodes, and the others the list', async () => {
    await cluster.up({ nodes: 4, config: {} })
    expect(formats.map(({ initialControllers }) => initialControllers !== null)).toEqual([true, true, true, false])
    expect(machine.files.get('/here/c/node-4.yaml')).toMatch(/roles: broker\n[^]*controllerQuorumVoters: "1@127.0.0.1:10092,2@/)
  })

  it('takes another port for a controller when the first choice is taken', async () => {
    machine.takenPorts.add(10093)
    await cluster.up(UP)
    expect(formats[0]?.initialControllers).toContain('2@127.0.0.1:11093:')
  })

  it.each<[string, () => void, RegExp]>([
    [
      'a port of a broker is taken',
      () => machine.takenPorts.add(9093),
      /port 9093, which node 2 needs, is taken; choose others with --base-port/,
    ],
    ['a node ends', () => (machine.onStart = (path) => !path.includes('node-3')), /node 3 ended; .*node-3.log:\nerror: it cannot be/],
    ['a node is not let in', () => fenced.add(1), /nodes 1, 2, 3 are not ready after 60 s; "cluster logs" shows/],
  ])('says why when %s', async (_, arrange, message) => {
    arrange()
    await expect(cluster.up(UP)).rejects.toThrow(message)
  })

  it.each<[string, Parameters<LocalCluster['up']>[0], RegExp]>([
    ['another number of nodes', { nodes: 5, config: {} }, /has 3 nodes, not 5; leave that option out/],
    ['another port', { basePort: 9192, config: {} }, /is at base port 9092, not 9192/],
    ['another config', { config: { 'min.insync.replicas': '1' } }, /was made with min.insync.replicas=2/],
  ])('refuses %s for a cluster that is there', async (_, wanted, message) => {
    await cluster.up(UP)
    await expect(cluster.up(wanted)).rejects.toThrow(message)
  })
})

describe('a process', () => {
  it('that is not ours is neither counted nor ended', async () => {
    await cluster.up(UP)
    const pid = Number(machine.files.get('/here/c/node-2.pid'))
    machine.processes.set(pid, '/somebody/elses.yaml')
    expect(await states()).toEqual(['ready', 'fallen', 'ready'])
    await expect(cluster.kill(2)).rejects.toThrow('node 2 does not run')
    await cluster.down()
    expect(machine.processes.get(pid)).toBe('/somebody/elses.yaml')
    expect(machine.signals.some((signal) => signal.startsWith(`${pid} `))).toBe(false)
  })

  it('that a person killed is told from one that was stopped', async () => {
    await cluster.up(UP)
    machine.processes.delete(Number(machine.files.get('/here/c/node-1.pid')))
    await cluster.kill(3)
    expect(await states()).toEqual(['fallen', 'ready', 'stopped'])
    await cluster.start(1)
    expect(await states()).toEqual(['ready', 'ready', 'stopped'])
  })

  it('that does not stop is killed in the end', async () => {
    await cluster.up(UP)
    const pid = Number(machine.files.get('/here/c/node-1.pid'))
    machine.stubborn.add(pid)
    await cluster.down()
    expect(machine.signals.filter((signal) => signal.startsWith(String(pid)))).toEqual([`${pid} SIGTERM`, `${pid} SIGKILL`])
    expect(told).toEqual(['node 1 did not stop within 60 s and is killed'])
    expect(await states()).toEqual(['stopped', 'stopped', 'stopped'])
  })
})

describe('restart', () => {
  it('takes one node after the other, and waits for replicas before each', async () => {
    await cluster.up(UP)
    const before = new Map(machine.processes)
    const together: number[] = []
    machine.onStart = () => {
      together.push(machine.processes.size)
      unhealthy = 3
      return true
    }
    machine.onWait = () => (unhealthy = Math.max(0, unhealthy - 1))
    await cluster.restart()
    expect(together).toEqual([2, 2, 2])
    expect([...machine.processes.keys()].filter((pid) => before.has(pid))).toEqual([])
    expect(told.filter((line) => line.endsWith('back'))).toHaveLength(3)
  })

  it('begins nothing while a node is missing', async () => {
    await cluster.up(UP)
    await cluster.kill(2)
    await expect(cluster.restart()).rejects.toThrow('node 2 does not run; start it first')
    expect(running()).toEqual([1, 3])
  })

  it('gives up when replicas do not come back', async () => {
    await cluster.up(UP)
    unhealthy = 1
    await expect(cluster.restart()).rejects.toThrow(/some partitions lack replicas after 60 s/)
    expect(running()).toEqual([1, 2, 3])
  })
})

it.each<[string, () => Promise<unknown>]>([
  ['down', () => cluster.down()],
  ['status', () => cluster.status()],
  ['start', () => cluster.start(1)],
])('%s says so where there is no cluster', async (_, call) => {
  await expect(call()).rejects.toMatchObject({ code: 'ERR_CLI_CLUSTER_MISSING', message: expect.stringContaining('/here/c') as string })
})

it('says which nodes there are when one is named that is not there', async () => {
  await cluster.up(UP)
  await expect(cluster.start(9)).rejects.toThrow('there is no node 9; the nodes are 1, 2, 3')
})

it.each(['', '{}', '[1', '{"clusterId":"x","basePort":1,"isFormatted":true,"config":{},"nodes":[{"nodeId":1}]}'])(
  'refuses a plan that reads %s',
  async (text) => {
    machine.files.set('/here/c/cluster.json', text)
    await expect(cluster.status()).rejects.toMatchObject({ code: 'ERR_CLI_CLUSTER_UNREADABLE' })
  },
)
