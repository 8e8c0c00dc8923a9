/** What the controller finds when it starts: snapshots and log, whole, damaged, incomplete, of a newer version. */
import { encodeRecords, type MetadataRecord, RECORD_TYPES } from '@millrace/metadata'
import { crc32c, createMemoryDisk, type MemoryDisk } from '@millrace/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { METADATA_STORAGE_ERROR_CODES } from './errors.ts'
import { encodeEntry } from './raft/entry-codec.ts'
import { createTopics, registration } from './testing/commands.ts'
import { eventually } from './testing/eventually.ts'
import {
  damage,
  LOG_FILE,
  METADATA_DIRECTORY,
  metadataFiles,
  TestNode,
  type TestNodeOptions,
  withMetadataLog,
  writeFile,
} from './testing/test-node.ts'

const open: TestNode[] = []

async function start(disk: MemoryDisk, options?: TestNodeOptions): Promise<TestNode> {
  const node = await TestNode.start(disk, options)
  open.push(node)
  return node
}

afterEach(async () => {
  for (const node of open.splice(0)) await node.close()
})

/** A closed node's disk with this many snapshots, and commits after the last one. */
async function diskWithSnapshots(count: number): Promise<{ readonly disk: MemoryDisk; readonly content: readonly MetadataRecord[] }> {
  const disk = createMemoryDisk()
  const node = await TestNode.startWithBroker(disk, { snapshotBytes: 1000 })
  let topicCount = 0
  for (let saved = 0; saved < count; ) {
    await createTopics(node.port, `topic-${topicCount++}`)
    await new Promise((resolve) => setImmediate(resolve))
    saved = node.logger.events.filter(({ event }) => event === 'a metadata snapshot was saved').length
  }
  await createTopics(node.port, 'after-the-last-snapshot')
  const { content } = node
  await node.close()
  return { disk, content }
}

function corruptError(message: RegExp) {
  return expect.objectContaining({
    name: 'MetadataStorageError',
    code: METADATA_STORAGE_ERROR_CODES.logCorrupt,
    message: expect.stringMatching(message),
  })
}

describe('snapshots', () => {
  it('are taken as the log grows; the two newest are kept, and the log from the older one on', async () => {
    const { disk, content } = await diskWithSnapshots(4)
    const files = metadataFiles(disk, '.checkpoint')
    expect(files).toHaveLength(2)
    const node = await start(disk)
    expect(node.content).toEqual(content)
    const offsets = files.map((path) => Number(/(\d{20})-\d{10}\.checkpoint$/.exec(path)?.[1]))
    expect(node.log.logStartOffset).toBe(offsets[0])
    expect(offsets[1]).toBeGreaterThan(offsets[0] as number)
  })

  it('make needless segments go with the retention of the directory, and no others', async () => {
    const { disk, content } = await diskWithSnapshots(4)
    const node = await TestNode.start(disk)
    const { logStartOffset } = node.log
    expect(metadataFiles(disk, '.log').length).toBeGreaterThan(3)
    await node.runRetention()
    expect(metadataFiles(disk, '.log').length).toBeLessThan(4)
    expect(node.log.logStartOffset).toBe(logStartOffset)
    await node.close()
    damage(disk, metadataFiles(disk, '.checkpoint')[1] as string, -1)
    expect((await start(disk)).content).toEqual(content)
  })

  it('keep the whole log while there is only that of the beginning to fall back to', async () => {
    const { disk } = await diskWithSnapshots(1)
    expect(metadataFiles(disk, '.checkpoint')).toHaveLength(2)
    expect((await start(disk)).log.logStartOffset).toBe(0)
  })

  it('are named by the offset after the last record and its epoch', async () => {
    const { disk } = await diskWithSnapshots(1)
    expect(metadataFiles(disk, '.checkpoint')[1]).toMatch(/\/0{18}[0-9]{2}-0000000001\.checkpoint$/)
  })

  it('are not taken while the log is replayed, but right after when one is due', async () => {
    const disk = createMemoryDisk()
    const node = await TestNode.startWithBroker(disk)
    for (let index = 0; index < 30; index++) await createTopics(node.port, `topic-${index}`)
    await node.close()
    const next = await start(disk, { snapshotBytes: 1000 })
    await eventually(() => metadataFiles(disk, '.checkpoint').length === 2)
    expect(next.topicNames).toHaveLength(30)
  })

  it.each(['full disk', 'failed rename'])('that cannot be written (%s) cost nothing but a warning', async (cause) => {
    const disk = createMemoryDisk()
    const node = await TestNode.startWithBroker(disk, { snapshotBytes: 1000 })
    open.push(node)
    disk.failNext({ operation: 'replaceFile', pathIncludes: '.checkpoint', ...(cause === 'full disk' ? { code: 'ERR_DISK_FULL' } : {}) })
    let topicCount = 0
    while (metadataFiles(disk, '.checkpoint').length === 1) {
      expect(await createTopics(node.port, `topic-${topicCount++}`)).toEqual(['NONE'])
    }
    expect(node.logger.problems()).toEqual(['a metadata snapshot was not saved; it will be tried again'])
    expect(node.offline).toEqual([])
  })

  it('that a crash left unfinished are removed by the next one', async () => {
    const { disk } = await diskWithSnapshots(1)
    writeFile(disk, `${METADATA_DIRECTORY}/00000000000000000009-0000000000.checkpoint.tmp`, new Uint8Array(9))
    const node = await start(disk, { snapshotBytes: 1000 })
    let topicCount = 0
    while (metadataFiles(disk, '.checkpoint').length === 1) await createTopics(node.port, `next-${topicCount++}`)
    expect(metadataFiles(disk, '.tmp')).toEqual([])
  })
})

describe('a damaged snapshot', () => {
  it.each([
    ['in its name for itself', 0],
    ['in its checksum', 8],
    ['in its version', 15],
    ['in its header', 21],
    ['in its last record', -1],
  ])('%s is reported and set aside, and the one before it used with the log', async (_, position) => {
    const { disk, content } = await diskWithSnapshots(3)
    const newest = metadataFiles(disk, '.checkpoint')[1] as string
    damage(disk, newest, position)
    const node = await start(disk)
    expect(node.content).toEqual(content)
    expect(node.logger.problems()).toEqual(['a metadata snapshot is damaged; the one before it and the log are used'])
    expect(metadataFiles(disk, '.damaged')).toEqual([`${newest}.damaged`])
    expect(metadataFiles(disk, '.checkpoint')).toHaveLength(1)
  })

  it('that is empty is no different', async () => {
    const { disk, content } = await diskWithSnapshots(3)
    writeFile(disk, metadataFiles(disk, '.checkpoint')[1] as string, new Uint8Array(0))
    expect((await start(disk)).content).toEqual(content)
  })

  it('that the disk cannot read is no different', async () => {
    const { disk, content } = await diskWithSnapshots(3)
    disk.failNext({ operation: 'read', pathIncludes: metadataFiles(disk, '.checkpoint')[1] as string })
    expect((await start(disk)).content).toEqual(content)
  })

  it('that is the only one leaves the whole log', async () => {
    const { disk, content } = await diskWithSnapshots(1)
    damage(disk, metadataFiles(disk, '.checkpoint')[0] as string, -1)
    expect((await start(disk)).content).toEqual(content)
  })

  it('is never counted among the two that are kept', async () => {
    const { disk } = await diskWithSnapshots(3)
    const [older, newest] = metadataFiles(disk, '.checkpoint') as [string, string]
    damage(disk, newest, -1)
    const node = await TestNode.start(disk, { snapshotBytes: 1000 })
    let topicCount = 0
    while (metadataFiles(disk, '.checkpoint').length === 1) await createTopics(node.port, `next-${topicCount++}`)
    const { content } = node
    await node.close()
    const [first, second] = metadataFiles(disk, '.checkpoint') as [string, string]
    expect(first).toBe(older)
    damage(disk, second, -1)
    expect((await start(disk)).content).toEqual(content)
  })

  it('after which none is left to start from is an error that names all of them, and changes nothing', async () => {
    const { disk } = await diskWithSnapshots(3)
    const files = metadataFiles(disk, '.checkpoint')
    for (const path of files) damage(disk, path, -1)
    await expect(TestNode.start(disk)).rejects.toMatchObject({
      code: METADATA_STORAGE_ERROR_CODES.logIncomplete,
      message: expect.stringMatching(
        /the log begins at offset \d+ and there is no readable snapshot; damaged: .*checkpoint, .*checkpoint; restore/,
      ),
    })
    expect(metadataFiles(disk, '.checkpoint')).toEqual(files)
  })
})

describe('a log', () => {
  it('that ends before the snapshot does is incomplete', async () => {
    const { disk: other } = await diskWithSnapshots(1)
    const snapshot = metadataFiles(other, '.checkpoint')[1] as string
    const disk = createMemoryDisk()
    await (await TestNode.start(disk)).close()
    writeFile(disk, snapshot, other.readFile(snapshot))
    await expect(TestNode.start(disk)).rejects.toMatchObject({
      code: METADATA_STORAGE_ERROR_CODES.logIncomplete,
      message: expect.stringMatching(/the log ends at offset \d+ and the newest readable snapshot ends at offset \d+;/),
    })
  })

  /** In the first batch that a command made: the broker's registration. */
  it.each([
    ['a record', 80, /damaged at offset 1: a batch is not what its checksum says/],
    ['a base offset', 7, /damaged|does not/],
    ['an epoch', 15, /epoch|damaged/],
    ['a length', 11, /damaged|whole/],
  ])('that is damaged in %s refuses to start and says where', async (_, position, message) => {
    const disk = createMemoryDisk()
    const node = await TestNode.start(disk)
    const begin = disk.stat(LOG_FILE)?.sizeBytes ?? 0
    await node.port.registerBroker(registration(1))
    await createTopics(node.port, 'orders')
    await node.close()
    damage(disk, LOG_FILE, begin + position)
    await expect(TestNode.start(disk)).rejects.toThrow(message)
    await expect(TestNode.start(disk)).rejects.toMatchObject({ name: expect.stringMatching(/^(MetadataStorageError|LogCorruptError)$/) })
  })

  it('with a record that does not fit what came before refuses to start', async () => {
    const disk = await diskWithEntry(encodeRecords([{ type: 'remove-topic', topicId: 'AAAAAAAAAAAAAAAAAAAABA' }]))
    await expect(TestNode.start(disk)).rejects.toThrow(/"remove-topic" does not fit: no topic has id AAAAAAAAAAAAAAAAAAAABA/)
  })

  it('with a batch of an earlier epoch after a later one refuses to start', async () => {
    const disk = await diskWithEntry(encodeRecords([{ type: 'no-op' }]), 7)
    await withMetadataLog(disk, (log) => {
      const entry = { type: 'data', index: log.logEndOffset + 1, term: 3, data: encodeRecords([{ type: 'no-op' }]) } as const
      log.append(encodeEntry(entry, { timestamp: 0, writeIndex: entry.index, crc32c }), { leaderEpoch: 3, origin: 'internal' })
    })
    await expect(TestNode.start(disk)).rejects.toEqual(corruptError(/epoch 3 comes after one of 7/))
  })

  it('whose last epoch is higher than the vote says that it lost later votes', async () => {
    const disk = await diskWithEntry(encodeRecords([{ type: 'no-op' }]), 7)
    await expect(TestNode.start(disk)).rejects.toMatchObject({
      code: METADATA_STORAGE_ERROR_CODES.voteLost,
      message: expect.stringMatching(/entries of epoch 7, and the vote file knows epoch 1 only/),
    })
  })
})

describe('metadata of a newer version', () => {
  const isNewer = expect.objectContaining({
    name: 'MetadataStorageError',
    code: METADATA_STORAGE_ERROR_CODES.newerVersion,
    message: expect.stringMatching(
      /was written by a newer version of Millrace \(.*\); start that version or a later one with this directory/,
    ),
  })

  it.each([
    ['an unknown type', [0, 0, 0, 2, 250, 0]],
    ['an unknown version of a known type', [0, 0, 0, 2, RECORD_TYPES.topic, 1]],
  ])('in the log (%s) is not read, and stays as it is', async (_, value) => {
    const disk = await diskWithEntry(Uint8Array.from(value))
    const before = disk.readFile(LOG_FILE)
    await expect(TestNode.start(disk)).rejects.toEqual(isNewer)
    expect(disk.readFile(LOG_FILE).subarray(0, before.length)).toEqual(before)
  })

  it('in the format of the newest snapshot is not read, though an older one could be', async () => {
    const { disk } = await diskWithSnapshots(3)
    const path = metadataFiles(disk, '.checkpoint')[1] as string
    const bytes = disk.readFile(path)
    const view = new DataView(bytes.buffer)
    view.setInt32(12, 3)
    view.setUint32(8, crc32c(bytes.subarray(12)))
    writeFile(disk, path, bytes)
    await expect(TestNode.start(disk)).rejects.toEqual(isNewer)
    expect(metadataFiles(disk, '.checkpoint')).toContain(path)
  })

  it('in a record of a snapshot is not read', async () => {
    const { disk } = await diskWithSnapshots(1)
    const path = metadataFiles(disk, '.checkpoint')[1] as string
    const bytes = disk.readFile(path)
    const view = new DataView(bytes.buffer)
    const firstRecord = 20 + view.getInt32(16) + 4
    bytes[firstRecord] = 250
    view.setUint32(8, crc32c(bytes.subarray(12)))
    writeFile(disk, path, bytes)
    await expect(TestNode.start(disk)).rejects.toEqual(isNewer)
  })
})

it('refuses the metadata of another cluster', async () => {
  const { disk } = await diskWithSnapshots(1)
  await expect(TestNode.start(disk, { clusterId: 'another' })).rejects.toMatchObject({
    code: METADATA_STORAGE_ERROR_CODES.otherCluster,
    message: 'the metadata in /data belongs to cluster test-cluster, this node to another',
  })
})

/** A node was started and stopped, and then somebody appended an entry with these records. */
async function diskWithEntry(data: Uint8Array, leaderEpoch = 1): Promise<MemoryDisk> {
  const disk = createMemoryDisk()
  await (await TestNode.start(disk)).close()
  await withMetadataLog(disk, (log) => {
    const entry = { type: 'data', index: log.logEndOffset + 1, term: leaderEpoch, data } as const
    log.append(encodeEntry(entry, { timestamp: 0, writeIndex: entry.index, crc32c }), { leaderEpoch, origin: 'internal' })
  })
  return disk
}
