/** What becomes of a log whose file of batches was cut, flipped or added to: below the recovery point and above it. */
import { describe, expect, it } from 'vitest'
import { RECOVERY_POSITION_CHECKPOINT } from '../checkpoint/recovery-position-checkpoint.ts'
import { type LogCorruptError, STORAGE_ERROR_CODES } from '../errors.ts'
import { appendTo, copyOf, cutFile, flip, segmentPath } from '../testing/damage.ts'
import { asLeader, batchOf, bytesOf, logFixture, type LogFixture, PATH } from '../testing/log-fixture.ts'
import { batchesOf } from '../testing/observe.ts'
import type { LoggedEvent } from '../testing/recording-logger.ts'

const LOG = segmentPath(0, '.log')
const CUT_EVENT = 'a crash left an unfinished write; the log ends before it'
const RECORDS = 2
const BATCHES = 6
/** So many of the batches lie below the recovery point. */
const DURABLE_BATCHES = 3
const BATCH_BYTES = batchOf({ records: RECORDS }).length
const DURABLE_BYTES = DURABLE_BATCHES * BATCH_BYTES
const ALL_BYTES = BATCHES * BATCH_BYTES

/** Whether recovery knows where in the file the recovery point lies. */
const KNOWLEDGE = [
  ['with the recovery position', true],
  ['without the recovery position', false],
] as const

async function prepared(isPositionKnown: boolean): Promise<LogFixture> {
  const fixture = await logFixture()
  for (let index = 0; index < BATCHES; index += 1) {
    fixture.log.append(batchOf({ records: RECORDS, timestamp: 1000 + index }), asLeader(index < 2 ? 0 : 1))
    if (index + 1 !== DURABLE_BATCHES) continue
    await fixture.log.flush()
    await fixture.directory.checkpoints.write([fixture.log])
  }
  fixture.kill()
  if (!isPositionKnown) fixture.disk.removeFile(`${PATH}/${RECOVERY_POSITION_CHECKPOINT}`)
  return fixture
}

interface Outcome {
  readonly logEndOffset: number
  readonly batches: readonly string[]
  readonly error: { readonly code: string; readonly path: string; readonly position: number } | null
  readonly logged: readonly LoggedEvent[]
  readonly sizeBytes: number
}

async function outcomeOf(disk: LogFixture['disk']): Promise<Outcome> {
  const logged: LoggedEvent[] = []
  const sizeOf = (): number => disk.stat(LOG)?.sizeBytes ?? 0
  try {
    const { log } = await logFixture({ disk, logged })
    const batches = batchesOf(log).map(({ hex }) => hex)
    return { logEndOffset: log.logEndOffset, batches, error: null, logged, sizeBytes: sizeOf() }
  } catch (thrown) {
    const { code, path, position } = thrown as LogCorruptError
    return { logEndOffset: -1, batches: [], error: { code, path, position }, logged, sizeBytes: sizeOf() }
  }
}

describe.each(KNOWLEDGE)('a log that was cut, %s', (_, isPositionKnown) => {
  it('ends after the last whole batch, at any byte above the recovery point', async () => {
    const { disk } = await prepared(isPositionKnown)
    const all = (await outcomeOf(copyOf(disk))).batches
    expect(all).toHaveLength(BATCHES)
    for (let size = DURABLE_BYTES; size <= ALL_BYTES; size += 1) {
      const copy = copyOf(disk)
      cutFile(copy, LOG, size)
      const whole = Math.floor(size / BATCH_BYTES)
      const removedBytes = size - whole * BATCH_BYTES
      const outcome = await outcomeOf(copy)
      expect(outcome).toMatchObject({ logEndOffset: whole * RECORDS, batches: all.slice(0, whole), sizeBytes: whole * BATCH_BYTES })
      const expected = {
        level: 'warn',
        event: CUT_EVENT,
        fields: { path: LOG, position: whole * BATCH_BYTES, removedBytes, logEndOffset: whole * RECORDS },
      }
      expect(outcome.logged).toMatchObject(removedBytes === 0 ? [] : [expected])
    }
  })

  it('is reported and left as it is, at any byte below the recovery point', async () => {
    const { disk } = await prepared(isPositionKnown)
    for (let size = 0; size < DURABLE_BYTES; size += 1) {
      const copy = copyOf(disk)
      cutFile(copy, LOG, size)
      const position = Math.floor(size / BATCH_BYTES) * BATCH_BYTES
      expect(await outcomeOf(copy)).toMatchObject({ error: { code: STORAGE_ERROR_CODES.corrupt, path: LOG, position }, sizeBytes: size })
      // A second attempt finds it as the first did.
      if (size % 10 === 0) expect(await outcomeOf(copy)).toMatchObject({ error: { position }, sizeBytes: size })
    }
  })
})

describe('a log that goes on after it was cut', () => {
  it.each(KNOWLEDGE)('continues with the next offset, %s', async (_, isPositionKnown) => {
    const fixture = await prepared(isPositionKnown)
    cutFile(fixture.disk, LOG, ALL_BYTES - 1)
    await fixture.reopen()
    expect(fixture.log.append(batchOf(), asLeader(1))).toMatchObject({ type: 'staged', baseOffset: (BATCHES - 1) * RECORDS })
    const after = batchesOf(fixture.log)
    await fixture.crash()
    expect(batchesOf(fixture.log)).toEqual(after)
    await fixture.restart()
    expect(batchesOf(fixture.log)).toEqual(after)
  })
})

/** Bytes of a header that the crc does not cover, and what it makes of a batch when they are inverted. */
const OUTSIDE_CRC: Readonly<Record<number, 'cut' | 'reported' | 'believed'>> = {
  // The base offset becomes negative, as zeros or rubbish may be.
  0: 'cut',
  // It becomes larger, which no crash does.
  1: 'reported',
  2: 'reported',
  3: 'reported',
  4: 'reported',
  5: 'reported',
  6: 'reported',
  7: 'reported',
  // The leader epoch falls.
  12: 'reported',
  // It rises, and falls with the next batch.
  13: 'believed',
  14: 'believed',
  15: 'believed',
}

describe.each(KNOWLEDGE)('a batch with a flipped byte, %s', (_, isPositionKnown) => {
  it('above the recovery point ends the log before it, unless a crash cannot have done it', async () => {
    const { disk } = await prepared(isPositionKnown)
    const all = (await outcomeOf(copyOf(disk))).batches
    for (const batch of [3, 4, 5]) {
      for (let byte = 0; byte < BATCH_BYTES; byte += 1) {
        const copy = copyOf(disk)
        flip(copy, LOG, batch * BATCH_BYTES + byte)
        const outcome = await outcomeOf(copy)
        const effect = OUTSIDE_CRC[byte] ?? 'cut'
        const context = `byte ${byte} of batch ${batch}`
        if (effect === 'cut') {
          expect(outcome, context).toMatchObject({ logEndOffset: batch * RECORDS, batches: all.slice(0, batch), error: null })
          expect(outcome.logged, context).toMatchObject([{ event: CUT_EVENT, fields: { position: batch * BATCH_BYTES } }])
        } else if (effect === 'believed' && batch === 5) {
          expect(outcome, context).toMatchObject({ logEndOffset: BATCHES * RECORDS, error: null })
        } else {
          const position = (effect === 'believed' ? batch + 1 : batch) * BATCH_BYTES
          expect(outcome, context).toMatchObject({
            error: { code: STORAGE_ERROR_CODES.corrupt, path: LOG, position },
            sizeBytes: ALL_BYTES,
          })
        }
      }
    }
  })
})

describe('a batch whose leader epoch has rotted', () => {
  const EPOCH_POSITION = 12

  it('is reported also at the end of its segment, before anything was noted of the log', async () => {
    const { log, kill, disk } = await logFixture({ config: { segmentBytes: 2 * BATCH_BYTES } })
    for (let index = 0; index < 4; index += 1) log.append(batchOf({ records: RECORDS }), asLeader(1))
    kill()
    flip(disk, LOG, BATCH_BYTES + EPOCH_POSITION, 0x01)
    expect((await outcomeOf(disk)).error).toMatchObject({ code: STORAGE_ERROR_CODES.corrupt })
  })
})

describe('a batch with a flipped byte below the recovery point', () => {
  it('is reported and left as it is, where the log has to be read', async () => {
    const { disk } = await prepared(false)
    for (const batch of [0, 1, 2]) {
      for (let byte = 0; byte < BATCH_BYTES; byte += 1) {
        const copy = copyOf(disk)
        flip(copy, LOG, batch * BATCH_BYTES + byte)
        const position = (OUTSIDE_CRC[byte] === 'believed' ? batch + 1 : batch) * BATCH_BYTES
        expect(await outcomeOf(copy), `byte ${byte} of batch ${batch}`).toMatchObject({
          error: { code: STORAGE_ERROR_CODES.corrupt, path: LOG, position },
          sizeBytes: ALL_BYTES,
        })
      }
    }
  })

  it('is not looked for where it need not be read, and never makes a reader skip records', async () => {
    const { disk } = await prepared(true)
    for (let byte = 0; byte < BATCH_BYTES; byte += 1) {
      const copy = copyOf(disk)
      flip(copy, LOG, BATCH_BYTES + byte)
      const outcome = await outcomeOf(copy)
      if (outcome.error !== null) {
        // A frame that makes no sense is met by those who walk from batch to batch.
        expect(outcome.error, `byte ${byte}`).toMatchObject({ code: STORAGE_ERROR_CODES.corrupt, path: LOG })
        expect(byte).toBeLessThan(27)
        continue
      }
      const { log } = await logFixture({ disk: copyOf(copy) })
      expect(log.logEndOffset).toBe(BATCHES * RECORDS)
      for (let offset = 0; offset < log.logEndOffset; offset += 1) {
        const context = `byte ${byte}, offset ${offset}`
        try {
          expect(ALL_BYTES - bytesOf(log, offset).length, context).toBeLessThanOrEqual(Math.floor(offset / RECORDS) * BATCH_BYTES)
        } catch (error) {
          expect(error, context).toMatchObject({ code: STORAGE_ERROR_CODES.corrupt, path: LOG })
        }
      }
    }
  })
})

describe('a large segment', () => {
  it('is read from near the recovery point on: producers are stored every so often', async () => {
    const fixture = await logFixture()
    const append = (sequence: number): void => {
      const batch = batchOf({ valueBytes: 4 * 1024 * 1024, producerId: 7, producerEpoch: 0, baseSequence: sequence })
      expect(fixture.log.append(batch, asLeader(0)).type).toBe('staged')
    }
    for (let sequence = 0; sequence < 18; sequence += 1) append(sequence)
    for (let round = 0; round < 2; round += 1) {
      await fixture.log.flush()
      await fixture.directory.checkpoints.write([fixture.log])
      append(18 + round)
    }
    fixture.kill()
    // A frame that makes no sense stops everybody who comes by.
    flip(fixture.disk, LOG, 5 * batchOf({ valueBytes: 4 * 1024 * 1024 }).length + 8)
    await fixture.reopen()
    expect(fixture.log.logEndOffset).toBe(20)
    expect([...fixture.log.producerState.entries()][0]?.batches.at(-1)).toMatchObject({ lastSequence: 19, lastOffset: 19 })
    append(20)
  })
})

describe('what comes after the last batch', () => {
  const huge = batchOf()
  new DataView(huge.buffer).setInt32(8, 0x7fff_ffff)
  const old = batchOf()

  it.each<[string, Uint8Array]>([
    ['zeros', new Uint8Array(100)],
    ['a page of zeros', new Uint8Array(4096)],
    ['one byte', Uint8Array.of(7)],
    ['text', new TextEncoder().encode('x'.repeat(200))],
    ['0xff', new Uint8Array(200).fill(0xff)],
    ['a batch that says it is huge', huge],
    ['a batch of offsets that were given before', old],
    ['a half batch', batchOf().subarray(0, 40)],
  ])('%s is cut off', async (_, rubbish) => {
    for (const isPositionKnown of [true, false]) {
      const fixture = await prepared(isPositionKnown)
      const before = (await outcomeOf(copyOf(fixture.disk))).batches
      appendTo(fixture.disk, LOG, rubbish)
      const outcome = await outcomeOf(fixture.disk)
      expect(outcome).toMatchObject({ logEndOffset: BATCHES * RECORDS, batches: before, sizeBytes: ALL_BYTES, error: null })
      expect(outcome.logged).toMatchObject([
        { level: 'warn', event: CUT_EVENT, fields: { removedBytes: rubbish.length, position: ALL_BYTES } },
      ])
    }
  })

  it('is reported after a clean stop, which leaves nothing of the kind', async () => {
    const fixture = await prepared(true)
    await fixture.restart()
    await fixture.stop()
    appendTo(fixture.disk, LOG, new Uint8Array(100))
    expect(await outcomeOf(fixture.disk)).toMatchObject({
      error: { code: STORAGE_ERROR_CODES.corrupt, path: LOG, position: ALL_BYTES },
      sizeBytes: ALL_BYTES + 100,
    })
  })
})
