import { describe, expect, it } from 'vitest'
import { nodeClock } from './clock.ts'

function fired(delayMs: number): Promise<number> {
  const start = nodeClock.monotonic()
  return new Promise((resolve) => nodeClock.setTimer(delayMs, () => resolve(nodeClock.monotonic() - start)))
}

describe('the clock', () => {
  it('tells whole milliseconds of the day, and never goes back', () => {
    expect(Number.isSafeInteger(nodeClock.now())).toBe(true)
    const readings = Array.from({ length: 100 }, () => nodeClock.monotonic())
    expect(readings).toEqual([...readings].sort((a, b) => a - b))
  })

  it.each([0, 0.4, 1, 2.5, 15])('fires a timer of %d ms no earlier than that', async (delayMs) => {
    const elapsed = await Promise.all(Array.from({ length: 20 }, () => fired(delayMs)))
    expect(Math.min(...elapsed)).toBeGreaterThanOrEqual(delayMs)
  })

  it('waits for the turn to end, whatever the delay', async () => {
    const events: string[] = []
    const done = new Promise<void>((resolve) => {
      nodeClock.setTimer(0, () => events.push('timer'))
      nodeClock.defer(() => {
        events.push('deferred')
        resolve()
      })
    })
    events.push('turn')
    await Promise.resolve()
    events.push('microtask')
    await done
    expect(events).toEqual(['turn', 'microtask', 'timer', 'deferred'])
  })

  it('forgets a timer that was cancelled, any number of times', async () => {
    let count = 0
    const timers = [0, 1, 2 ** 40].map((delayMs) => nodeClock.setTimer(delayMs, () => count++))
    for (const timer of timers) timer.cancel()
    for (const timer of timers) timer.cancel()
    await fired(10)
    expect(count).toBe(0)
  })

  it('does not fire a timer of months at once', async () => {
    let isFired = false
    const timer = nodeClock.setTimer(2 ** 31 + 5, () => {
      isFired = true
    })
    await fired(10)
    timer.cancel()
    expect(isFired).toBe(false)
  })

  it('takes a cancel after the timer fired', async () => {
    const timer = await new Promise<{ cancel(): void }>((resolve) => {
      const made = nodeClock.setTimer(1, () => resolve(made))
    })
    expect(() => timer.cancel()).not.toThrow()
  })
})
