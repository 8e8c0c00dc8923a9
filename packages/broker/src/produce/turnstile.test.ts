import { describe, expect, it } from 'vitest'
import { settled } from '../testing/settled.ts'
import { Turnstile } from './turnstile.ts'

/** A task that ends when the test says so. */
class Task {
  isRunning = false
  readonly #end = Promise.withResolvers<string>()

  readonly run = async (): Promise<string> => {
    this.isRunning = true
    try {
      return await this.#end.promise
    } finally {
      this.isRunning = false
    }
  }

  end(result: string | Error): void {
    if (result instanceof Error) this.#end.reject(result)
    else this.#end.resolve(result)
  }
}

describe('a turnstile', () => {
  it('lets no more run than it is wide, and the others in the order in which they came', async () => {
    const turnstile = new Turnstile(2)
    const tasks = Array.from({ length: 4 }, () => new Task())
    const running = (): boolean[] => tasks.map(({ isRunning }) => isRunning)
    const results = tasks.map((task) => turnstile.pass(task.run))
    await settled()
    expect(running()).toEqual([true, true, false, false])
    tasks[1]?.end('second')
    await settled()
    expect(running()).toEqual([true, false, true, false])
    tasks[0]?.end('first')
    tasks[2]?.end('third')
    await settled()
    expect(running()).toEqual([false, false, false, true])
    tasks[3]?.end('fourth')
    expect(await Promise.all(results)).toEqual(['first', 'second', 'third', 'fourth'])
  })

  it('has its whole width again when tasks have failed', async () => {
    const turnstile = new Turnstile(1)
    const failed = new Task()
    const failure = turnstile.pass(failed.run)
    failed.end(new Error('no'))
    await expect(failure).rejects.toThrow('no')
    await expect(turnstile.pass(() => Promise.resolve('yes'))).resolves.toBe('yes')
  })
})
