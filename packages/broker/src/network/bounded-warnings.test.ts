import type { Logger } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { StillClock } from '../testing/still-clock.ts'
import { BoundedWarnings } from './bounded-warnings.ts'

const PERIOD_MS = 10_000
const LINES = 10

let clock: StillClock
let lines: string[]
let warnings: BoundedWarnings

beforeEach(() => {
  clock = new StillClock()
  lines = []
  const note = (event: string, fields?: object): void => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  warnings = new BoundedWarnings(logger, clock)
})

function warn(times: number): void {
  for (let index = 0; index < times; index += 1) warnings.warn('connection closed', { peer: `client:${index}` })
}

describe('warnings about connections', () => {
  it('are written as they come while they are few', () => {
    warn(LINES)
    expect(lines).toHaveLength(LINES)
    expect(lines[3]).toBe('connection closed {"peer":"client:3"}')
    clock.advance(10 * PERIOD_MS)
    expect(lines).toHaveLength(LINES)
  })

  it('are counted when they are many, and the count is written when the period is over', () => {
    warn(LINES + 5_000)
    expect(lines).toHaveLength(LINES)
    clock.advance(PERIOD_MS)
    expect(lines).toHaveLength(LINES + 1)
    expect(lines.at(-1)).toContain('"leftOut":5000')
  })

  it('are written again afterwards, however long a flood goes on: a few lines a period', () => {
    for (let period = 0; period < 6; period += 1) {
      warn(1_000)
      clock.advance(PERIOD_MS)
    }
    expect(lines).toHaveLength(6 * (LINES + 1))
  })

  it('leave nothing unsaid and no timer when the broker stops', () => {
    warn(LINES + 3)
    warnings.close()
    expect(lines.at(-1)).toContain('"leftOut":3')
    clock.advance(10 * PERIOD_MS)
    expect(lines).toHaveLength(LINES + 1)
  })
})
