import { expect, it } from 'vitest'
import { DeferredModule } from './deferred-module.ts'

it('is loaded once, for whoever asks first', async () => {
  let loads = 0
  const module = new DeferredModule(async () => (loads += 1))
  expect(loads).toBe(0)
  expect(module.loaded).toBe(null)
  expect(await Promise.all([module.load(), module.load()])).toEqual([1, 1])
  expect(await module.load()).toBe(1)
  expect(module.loaded).toBe(1)
})

it('is tried again after a load that failed', async () => {
  const outcomes = [() => Promise.reject(new Error('the file cannot be read')), () => Promise.resolve('loaded')]
  const module = new DeferredModule(() => (outcomes.shift() as () => Promise<string>)())
  await expect(module.load()).rejects.toThrow('the file cannot be read')
  expect(await module.load()).toBe('loaded')
})
