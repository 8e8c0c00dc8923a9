import { createMemoryDisk, createNodeRuntime, type MemoryDisk, seededRandom, silentLogger } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { formatNode, type InitialController, newId, type NodeFormat, parseInitialControllers } from './format-node.ts'

const CLUSTER = 'mB0s3oWvTxGVWHNTVVlXSA'
const IDS = ['AAAAAAAAAAAAAAAAAAAAAA', 'BBBBBBBBBBBBBBBBBBBBBA', 'CCCCCCCCCCCCCCCCCCCCCA'] as const
const THREE: readonly InitialController[] = IDS.map((directoryId, index) => ({
  nodeId: index + 1,
  host: 'a',
  port: 9093 + index,
  directoryId,
}))

let disk: MemoryDisk

beforeEach(() => {
  disk = createMemoryDisk()
})

function format(changes: Partial<NodeFormat> = {}) {
  const node: NodeFormat = { dataDir: '/data', nodeId: 1, clusterId: CLUSTER, controllers: THREE, ...changes }
  return formatNode(node, createNodeRuntime({ disk, logger: silentLogger }))
}

it('gives a directory the identity that the list of controllers names, as often as it is asked', async () => {
  expect(await format()).toEqual({ nodeId: 1, clusterId: CLUSTER, directoryId: IDS[0] })
  expect(await format()).toEqual({ nodeId: 1, clusterId: CLUSTER, directoryId: IDS[0] })
})

it('draws the identity of a directory that no list names', async () => {
  const first = await format({ controllers: 'none' })
  expect(first.directoryId).toMatch(/^[\w-]{22}$/)
  expect(await format({ controllers: 'none' })).toEqual(first)
})

describe('refuses', () => {
  it.each<[string, Partial<NodeFormat>, RegExp]>([
    ['a node that the list does not name', { nodeId: 4 }, /node 4 is not among the initial controllers/],
    ['what is another node', { nodeId: 2 }, /belongs to node 1, and this is node 2/],
    ['what is of another cluster', { clusterId: IDS[2] }, /belongs to cluster mB0s3oWvTxGVWHNTVVlXSA, and this is cluster C+/],
    [
      'what has another directory id',
      { controllers: [{ ...(THREE[0] as InitialController), directoryId: IDS[2] }] },
      /has the id A+, not C+A; use that id/,
    ],
  ])('%s', async (_, changes, message) => {
    await format()
    await expect(format(changes)).rejects.toThrow(message)
    expect(await format()).toMatchObject({ directoryId: IDS[0] })
  })

  it('what has metadata and no vote, which nobody would believe at the start', async () => {
    await format()
    disk.removeFile('/data/__cluster_metadata-0/quorum-state')
    await expect(format()).rejects.toThrow(/holds a controller's metadata already, or part of it; nothing was changed/)
  })

  it('a directory that is in use', async () => {
    await format()
    const lock = disk.lock('/data/.lock')
    await expect(format()).rejects.toMatchObject({ code: 'ERR_LOG_LOCKED' })
    lock.release()
    await format()
  })
})

describe('the list of initial controllers', () => {
  it('is read as it is written', () => {
    expect(parseInitialControllers(`1@a:9093:${IDS[0]},2@[::1]:9094:${IDS[1]}`)).toEqual([
      { nodeId: 1, host: 'a', port: 9093, directoryId: IDS[0] },
      { nodeId: 2, host: '::1', port: 9094, directoryId: IDS[1] },
    ])
  })

  it.each([
    '',
    '1@a:9093',
    '1@a:9093:short',
    '1@a:9093:BBBBBBBBBBBBBBBBBBBBBB',
    `1@a:9093:${IDS[0]},1@b:9093:${IDS[1]}`,
    `1@a:9093:${IDS[0]},2@b:9093:${IDS[0]}`,
  ])('is refused as "%s"', (text) => {
    expect(parseInitialControllers(text)).toBeUndefined()
  })
})

it('draws ids that no command line takes for a flag', () => {
  const random = seededRandom(3)
  const ids = Array.from({ length: 500 }, () => newId(random))
  expect(ids.filter((id) => !/^\w[\w-]{21}$/.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(ids.length)
})
