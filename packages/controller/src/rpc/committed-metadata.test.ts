/** What controllers hand out to those who follow: committed entries, snapshots, and alarms. */
import { encodeRecords } from '@millrace/metadata'
import { crc32c } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry } from '../shell/raft/entry-codec.ts'
import { CommittedMetadata, type MetadataAnswer } from './committed-metadata.ts'
import type { MetadataFetchRequest } from './metadata-fetch.ts'
import { feature, PaperMetadata } from './testing/paper-metadata.ts'
import { SteppingClock } from './testing/stepping-clock.ts'

let clock: SteppingClock
let metadata: PaperMetadata
let committed: CommittedMetadata

beforeEach(() => {
  clock = new SteppingClock()
  metadata = new PaperMetadata()
  committed = new CommittedMetadata({ feed: metadata, log: metadata, clock, crc32c })
  metadata.commit(1)
  metadata.commit(1, [feature(1)])
  metadata.commit(3, [feature(2)])
})

function request(change: Partial<MetadataFetchRequest>): MetadataFetchRequest {
  return { clusterId: 'c', nodeId: 9, offset: -1, epoch: -1, maxBytes: 100_000, maxWaitMs: 500, ...change }
}

async function fetch(change: Partial<MetadataFetchRequest>, afterMs = 0): Promise<MetadataAnswer | 'nothing yet'> {
  let answer: MetadataAnswer | 'nothing yet' = 'nothing yet'
  void committed.fetch(request(change)).then((value) => (answer = value))
  await clock.advance(afterMs)
  return answer
}

const offsets = (answer: MetadataAnswer | 'nothing yet'): unknown =>
  typeof answer === 'object' && answer.type === 'batches' ? answer.batches.map(({ offset, epoch }) => [offset, epoch]) : answer

describe('what follows an offset', () => {
  it.each([
    [
      'from the midst',
      { offset: 0, epoch: 1 },
      [
        [1, 1],
        [2, 3],
      ],
    ],
    ['the last one', { offset: 1, epoch: 1 }, [[2, 3]]],
  ])('%s', async (_name, position, expected) => {
    expect(offsets(await fetch(position))).toEqual(expected)
  })

  it('comes as it lies in the log', async () => {
    const answer = await fetch({ offset: 1, epoch: 1 })
    const [batch] = answer === 'nothing yet' || answer.type !== 'batches' ? [] : answer.batches
    expect(decodeEntry(batch?.bytes ?? new Uint8Array(0), 0, crc32c).entry).toMatchObject({ index: 3, term: 3, type: 'data' })
  })

  it('at least one comes, however little room there is', async () => {
    expect(offsets(await fetch({ offset: 0, epoch: 1, maxBytes: 1 }))).toEqual([[1, 1]])
  })

  it('is not handed out before it is committed', async () => {
    metadata.append(
      encodeEntry({ index: 4, term: 3, type: 'data', data: encodeRecords([feature(3)]) }, { timestamp: 0, writeIndex: 1, crc32c }),
    )
    expect(offsets(await fetch({ offset: 1, epoch: 1 }))).toEqual([[2, 3]])
    expect(offsets(await fetch({ offset: 2, epoch: 3 }, 499))).toBe('nothing yet')
  })
})

describe('when there is nothing new', () => {
  it('the answer waits, and is empty in the end', async () => {
    expect(await fetch({ offset: 2, epoch: 3 }, 499)).toBe('nothing yet')
    await clock.advance(1)
    expect(metadata.waiting).toBe(0)
    expect(offsets(await fetch({ offset: 2, epoch: 3 }, 500))).toEqual([])
  })

  it('the answer comes as soon as something is committed', async () => {
    const answer = committed.fetch(request({ offset: 2, epoch: 3 }))
    await clock.advance(100)
    metadata.commit(3, [feature(3)])
    expect(offsets(await answer)).toEqual([[3, 3]])
    expect(clock.timerCount).toBe(0)
  })

  it('nobody waits longer than the controller lives', async () => {
    const answer = committed.fetch(request({ offset: 2, epoch: 3 }))
    await clock.advance(0)
    committed.close()
    expect(offsets(await answer)).toEqual([])
  })

  it('those who wait are bounded', async () => {
    const answers = Array.from({ length: 1_000 }, () => committed.fetch(request({ offset: 2, epoch: 3 })))
    await clock.advance(0)
    await expect(committed.fetch(request({ offset: 2, epoch: 3 }))).rejects.toMatchObject({ code: 'ERR_CONTROLLER_BUSY' })
    committed.close()
    await Promise.all(answers)
  })
})

describe('an observer that does not fit', () => {
  it.each<[string, Partial<MetadataFetchRequest>, object]>([
    ['another cluster', { clusterId: 'd' }, { type: 'alarm', reason: 'other-cluster' }],
    ['another epoch at an offset', { offset: 1, epoch: 2 }, { type: 'alarm', reason: 'diverged' }],
    ['another epoch at the end', { offset: 2, epoch: 2 }, { type: 'alarm', reason: 'diverged' }],
    ['an offset beyond the end, of an epoch that is over', { offset: 5, epoch: 2 }, { type: 'alarm', reason: 'diverged' }],
    ['an offset beyond the end, which may be committed elsewhere', { offset: 5, epoch: 3 }, { type: 'lagging', offset: 2 }],
  ])('%s', async (_name, position, expected) => {
    expect(await fetch(position)).toMatchObject(expected)
  })
})

it('an entry that cannot be read at the moment is no reason for an alarm', async () => {
  metadata.read = () => ({ type: 'empty', sizeBytes: 0, endsAtOffset: 0 })
  await expect(committed.fetch(request({ offset: 1, epoch: 1 }))).rejects.toMatchObject({ code: 'ERR_CONTROLLER_UNREACHABLE' })
})

describe('a snapshot', () => {
  beforeEach(() => metadata.forgetBefore(2))

  it('is for those who have nothing, though the log has everything: what the cluster was formatted with is in no log', async () => {
    metadata.forgetBefore(0)
    expect(await fetch({})).toEqual({ type: 'snapshot', snapshot: { offset: 2, epoch: 3 } })
  })

  it('is for those who are further behind than the log reaches', async () => {
    expect(await fetch({ offset: -1 })).toEqual({ type: 'snapshot', snapshot: { offset: 2, epoch: 3 } })
    expect(await fetch({ offset: 1, epoch: 1 })).toEqual({ type: 'snapshot', snapshot: { offset: 2, epoch: 3 } })
    expect(offsets(await fetch({ offset: 2, epoch: 3 }, 500))).toEqual([])
  })

  it('comes in pieces', async () => {
    await fetch({})
    const chunk = (position: number, maxBytes: number) =>
      committed.fetchSnapshot({ clusterId: 'c', snapshot: { offset: 2, epoch: 3 }, position, maxBytes })
    const whole = await chunk(0, 1_000_000)
    expect(whole.sizeBytes).toBe(whole.bytes.length)
    const pieces = await Promise.all([chunk(0, 10), chunk(10, 1_000_000)])
    expect(Buffer.concat(pieces.map(({ bytes }) => bytes))).toEqual(Buffer.from(whole.bytes))
    expect((await chunk(2 ** 40, 10)).bytes).toHaveLength(0)
    expect((await chunk(-5, -5)).bytes).toHaveLength(1)
  })

  it('is the same for everybody while the log reaches back to it', async () => {
    await fetch({})
    metadata.commit(3, [feature(3)])
    expect(await fetch({})).toEqual({ type: 'snapshot', snapshot: { offset: 2, epoch: 3 } })
    metadata.forgetBefore(3)
    expect(await fetch({})).toEqual({ type: 'snapshot', snapshot: { offset: 3, epoch: 3 } })
  })

  it('that nobody asks for is not kept', async () => {
    await fetch({})
    await clock.advance(30_000)
    const gone = await committed.fetchSnapshot({ clusterId: 'c', snapshot: { offset: 2, epoch: 3 }, position: 0, maxBytes: 10 })
    expect(gone.sizeBytes).toBeNull()
  })
})
