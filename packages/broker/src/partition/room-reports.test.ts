import { STORAGE_ERROR_CODES, StorageError } from '@millrace/log'
import type { Logger } from '@millrace/runtime'
import { beforeEach, expect, it } from 'vitest'
import { StillClock } from '../testing/still-clock.ts'
import { RoomReports } from './room-reports.ts'

const PERIOD_MS = 10_000
const LINES = 5
const full = new StorageError(STORAGE_ERROR_CODES.diskFull, '/data/a-0', 'no room on the disk of /data/a-0')

let clock: StillClock
let lines: unknown[]
let reports: RoomReports

beforeEach(() => {
  clock = new StillClock()
  lines = []
  const note = (_event: string, fields?: object): void => void lines.push(fields)
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  reports = new RoomReports(clock, logger)
})

function report(times: number, error: unknown): void {
  for (let index = 0; index < times; index += 1) reports.error('append failed', { partition: index, error })
}

it('writes few lines about want of room in a period, and says in the next how many it left out', () => {
  report(1_000, full)
  expect(lines).toHaveLength(LINES)
  expect(lines[0]).toEqual({ partition: 0, error: full })
  clock.advance(PERIOD_MS)
  report(2, full)
  expect(lines.slice(LINES)).toEqual([
    { partition: 0, error: full, leftOut: 1_000 - LINES },
    { partition: 1, error: full },
  ])
})

it('leaves out nothing else', () => {
  report(LINES, full)
  report(20, new Error('another one'))
  expect(lines).toHaveLength(LINES + 20)
})
