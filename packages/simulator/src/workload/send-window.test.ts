/** No more batches are on their way than a broker knows again, and none overtakes the first. */
import { expect, it } from 'vitest'
import { SendWindow } from './send-window.ts'

it('lets the first batch go alone', () => {
  const window = new SendWindow()
  expect([window.take(), window.take()]).toEqual([0, null])
  window.answered(0)
  expect(window.take()).toBe(1)
})

it('has five on their way, counted from the oldest that was not answered', () => {
  const window = new SendWindow()
  window.take()
  window.answered(0)
  expect(Array.from({ length: 6 }, () => window.take())).toEqual([1, 2, 3, 4, 5, null])
  window.answered(2)
  window.answered(3)
  expect(window.take()).toBeNull()
  window.answered(1)
  expect(Array.from({ length: 4 }, () => window.take())).toEqual([6, 7, 8, null])
})
