import { describe, expect, it } from 'vitest'
import { brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { retry } from './retry.ts'
import { CloseSignal } from './sleep.ts'

const unreachable = new ClientError(CLIENT_ERROR_CODES.unreachable, 'nobody there')
const refused = brokerError(36)

function trying(outcomes: readonly unknown[], deadlineMs = 10_000, mayRepeat?: (error: ClientError) => boolean) {
  const { clock, settings } = new FakeCluster()
  const closing = new CloseSignal()
  const attempts: number[] = []
  const result = retry(
    settings,
    closing,
    deadlineMs,
    async (attempt) => {
      attempts.push(clock.monotonic())
      const outcome = outcomes[Math.min(attempt, outcomes.length) - 1]
      if (outcome instanceof Error) throw outcome
      return outcome
    },
    mayRepeat,
  )
  return { clock, closing, attempts, result }
}

describe('retry', () => {
  it('tries again what may pass, with growing pauses', async () => {
    const { clock, attempts, result } = trying([unreachable, unreachable, unreachable, 'done'])
    expect(await clock.run(result)).toBe('done')
    const pauses = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0))
    expect(pauses).toEqual([expect.toSatisfy(within(40, 50)), expect.toSatisfy(within(80, 100)), expect.toSatisfy(within(120, 150))])
  })

  it.each([
    ['a refusal', refused],
    ['an error that is not ours', new TypeError('bug')],
  ])('throws %s at once', async (_, error) => {
    const { clock, attempts, result } = trying([error, 'never'])
    await expect(clock.run(result)).rejects.toBe(error)
    expect(attempts).toHaveLength(1)
  })

  it('throws the last failure when the next attempt would come after the deadline', async () => {
    const { clock, attempts, result } = trying([unreachable], 500)
    await expect(clock.run(result)).rejects.toBe(unreachable)
    expect(attempts.at(-1)).toBeLessThan(500)
  })

  it('makes the first attempt whatever the deadline says', async () => {
    const { clock, result } = trying(['done'], -1)
    expect(await clock.run(result)).toBe('done')
  })

  it('ends when the client is closed', async () => {
    const { clock, closing, attempts, result } = trying([unreachable], 1e9)
    await clock.settle()
    closing.close()
    await expect(result).rejects.toBe(unreachable)
    expect(attempts.length).toBeLessThan(3)
    expect(clock.pendingTimers).toBe(0)
  })

  it('does not repeat what the caller forbids', async () => {
    const { clock, attempts, result } = trying([unreachable, 'never'], 10_000, () => false)
    await expect(clock.run(result)).rejects.toBe(unreachable)
    expect(attempts).toHaveLength(1)
  })
})

function within(minimum: number, maximum: number): (value: number) => boolean {
  return (value) => value >= minimum && value <= maximum
}
