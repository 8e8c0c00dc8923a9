import { describe, expect, it } from 'vitest'
import { FakeIo } from '../testing/fake-io.ts'
import { untilStopped } from './until-stopped.ts'

async function* three(): AsyncGenerator<number> {
  yield 1
  yield 2
  yield 3
}

async function* waiting(): AsyncGenerator<number> {
  yield 1
  await new Promise(() => {})
}

async function collect(source: AsyncIterable<number>, io: FakeIo): Promise<number[]> {
  const found: number[] = []
  for await (const item of untilStopped(source, (stop) => io.onStop(stop))) {
    found.push(item)
    if (item === 2) io.stop()
  }
  return found
}

describe('reading until somebody says stop', () => {
  it('ends with the source', async () => {
    const io = new FakeIo()
    const found: number[] = []
    for await (const item of untilStopped(three(), (stop) => io.onStop(stop))) found.push(item)
    expect(found).toEqual([1, 2, 3])
    expect(io.isListeningForStop).toBe(false)
  })

  it('ends at the stop', async () => {
    expect(await collect(three(), new FakeIo())).toEqual([1, 2])
  })

  it('ends at the stop also while it waits', async () => {
    const io = new FakeIo()
    const reading = collect(waiting(), io)
    await Promise.resolve()
    io.stop()
    expect((await reading).length).toBeLessThanOrEqual(1)
    expect(io.isListeningForStop).toBe(false)
  })

  it('passes on what goes wrong', async () => {
    const io = new FakeIo()
    async function* broken(): AsyncGenerator<number> {
      yield 1
      throw new Error('unreadable')
    }
    await expect(collect(broken(), io)).rejects.toThrow('unreadable')
    expect(io.isListeningForStop).toBe(false)
  })
})
