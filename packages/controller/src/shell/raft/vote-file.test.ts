/** What a voter finds of its vote after cut writes and rotten sectors. */
import { crc32c, createMemoryDisk, type MemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { METADATA_STORAGE_ERROR_CODES } from '../errors.ts'
import { type QuorumState, VoteFile } from './vote-file.ts'

const PATH = '/quorum-state'

function voted(term: number, votedFor: string | null = `candidate-${term}`): QuorumState {
  return {
    clusterId: 'c',
    nodeId: 1,
    directoryId: 'd',
    term,
    votedFor,
    commitHint: term,
    durableHint: term,
    isRecovering: false,
    installingIndex: 0,
  }
}

/** A disk with votes in these terms, the last of them acknowledged. */
async function diskWithVotes(...terms: readonly number[]): Promise<MemoryDisk> {
  const disk = createMemoryDisk()
  const [first = 0, ...later] = terms
  await VoteFile.create(disk, PATH, voted(first), crc32c)
  if (later.length === 0) return disk
  const file = await VoteFile.open(disk, PATH, crc32c)
  for (const term of later) await file.write(voted(term))
  file.close()
  return disk
}

function withContent(content: Uint8Array): MemoryDisk {
  const disk = createMemoryDisk()
  const file = disk.open(PATH, { create: true })
  file.writeSync([content], 0)
  file.close()
  return disk
}

async function readTerm(disk: MemoryDisk): Promise<number> {
  const file = await VoteFile.open(disk, PATH, crc32c)
  file.close()
  return file.state.term
}

/** Places of the copies that hold the vote of a term. */
function copiesOf(content: Uint8Array, term: number): readonly number[] {
  const text = new TextDecoder('latin1').decode(content)
  return [0, 4096, 8192, 12288].filter((position) => text.slice(position, position + 4096).includes(`candidate-${term}`))
}

describe('a vote', () => {
  it('is there after a restart, with everything beside it', async () => {
    const disk = await diskWithVotes(0, 1, 2, 3)
    const file = await VoteFile.open(disk, PATH, crc32c)
    expect(file.state).toEqual(voted(3))
    await file.write(voted(4, null))
    file.close()
    expect((await VoteFile.open(disk, PATH, crc32c)).state).toEqual(voted(4, null))
  })

  it('that was being written when the power went, at whatever byte, is the new one or the one before it', async () => {
    const before = (await diskWithVotes(0, 1, 2)).readFile(PATH)
    const afterDisk = withContent(before)
    const file = await VoteFile.open(afterDisk, PATH, crc32c)
    const opened = afterDisk.readFile(PATH)
    await file.write(voted(3))
    const after = afterDisk.readFile(PATH)
    const changed = [...after.keys()].filter((index) => after[index] !== opened[index])
    const [first, last] = [changed[0] ?? 0, changed.at(-1) ?? 0]
    const found = new Set<number>()
    for (let cut = first; cut <= last + 1; cut += 1) {
      // Of a copy whose bytes are equal beyond the cut nothing is new to learn.
      if (cut > first && after[cut - 1] === opened[cut - 1]) continue
      const torn = opened.slice()
      torn.set(after.subarray(first, cut), first)
      found.add(await readTerm(withContent(torn)))
      const tornFromTheEnd = after.slice()
      tornFromTheEnd.set(opened.subarray(first, cut), first)
      found.add(await readTerm(withContent(tornFromTheEnd)))
    }
    expect(found).toEqual(new Set([2, 3]))
  })

  it.each([0, 1])('survives the loss of copy %i', async (which) => {
    const content = (await diskWithVotes(0, 1, 2)).readFile(PATH)
    const place = copiesOf(content, 2)[which] as number
    for (const position of [0, 8, 12, 16, 27, 40, 4095]) {
      const rotten = content.slice()
      rotten[place + position] = (rotten[place + position] as number) ^ 1
      expect(await readTerm(withContent(rotten))).toBe(2)
    }
  })

  it('is that of the generation before when both copies are bad, as a cut write leaves them', async () => {
    const content = (await diskWithVotes(0, 1, 2)).readFile(PATH)
    for (const place of copiesOf(content, 2)) content[place + 30] = (content[place + 30] as number) ^ 1
    expect(await readTerm(withContent(content))).toBe(1)
  })

  it('is made durable before it is believed, since a killed process may have left it in the page cache', async () => {
    const disk = createMemoryDisk({ canLosePower: true })
    await VoteFile.create(disk, PATH, voted(1), crc32c)
    const killed = await VoteFile.open(disk, PATH, crc32c)
    const release = disk.holdSyncs()
    void killed.write(voted(2)).catch(() => {})
    release()
    const next = await VoteFile.open(disk, PATH, crc32c)
    expect(next.state.term).toBe(2)
    disk.losePower({ uint32: () => 0, bytes: (length) => new Uint8Array(length) })
    expect(await readTerm(disk)).toBe(2)
  })
})

describe('a file', () => {
  const isLost = expect.objectContaining({
    name: 'MetadataStorageError',
    code: METADATA_STORAGE_ERROR_CODES.voteLost,
    message: expect.stringMatching(/no copy in .*quorum-state is whole.*must not vote again/),
  })

  it.each([
    ['without a whole copy', (content: Uint8Array) => content.fill(0)],
    ['that is empty', () => new Uint8Array(0)],
    ['whose copies are all bad in one bit', (content: Uint8Array) => content.map((byte, index) => (index % 4096 === 50 ? byte ^ 1 : byte))],
  ])('%s is refused, and stays as it is', async (_, harm) => {
    const disk = withContent(harm((await diskWithVotes(1, 2)).readFile(PATH)))
    const before = disk.readFile(PATH)
    await expect(VoteFile.open(disk, PATH, crc32c)).rejects.toEqual(isLost)
    expect(disk.readFile(PATH)).toEqual(before)
  })

  it('of a newer version is refused', async () => {
    const content = (await diskWithVotes(1)).readFile(PATH)
    const view = new DataView(content.buffer)
    for (const place of [0, 4096, 8192, 12288]) {
      view.setInt32(place + 12, 2)
      view.setUint32(place + 8, crc32c(content.subarray(place + 12, place + 28 + view.getInt32(place + 24))))
    }
    await expect(VoteFile.open(withContent(content), PATH, crc32c)).rejects.toMatchObject({
      code: METADATA_STORAGE_ERROR_CODES.newerVersion,
    })
  })

  it('that cannot be synced is not believed', async () => {
    const disk = await diskWithVotes(1)
    disk.failNext({ operation: 'sync', pathIncludes: 'quorum-state' })
    await expect(VoteFile.open(disk, PATH, crc32c)).rejects.toMatchObject({ name: 'DiskError' })
  })
})
