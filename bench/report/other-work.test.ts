import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { cpuSeconds } from '../brokers/process-usage.ts'
import { busyTicks, meterOtherWork, ownTicks } from './other-work.ts'

it('adds up what keeps a core busy, and neither idling nor waiting for a disk', () => {
  const stat = 'cpu  1 20 300 4000000 50000000 6000 70000 800000 9000000 9000000\ncpu0 5 5 5 5 5 5 5 5 5 5\n'
  expect(busyTicks(stat)).toBe(876_321)
})

it('takes the time of children that have been waited for as ours', () => {
  const stat = '42 (a) b (c) R 1 42 42 0 -1 4194304 9 9 9 9 1 20 300 4000 20 0 1 0 99'
  expect(ownTicks(stat)).toBe(4_321)
})

it('counts a process that is nobody of ours', async () => {
  const child = spawn(process.execPath, ['-e', `console.log('up'); for (;;);`])
  try {
    await once(child.stdout, 'data')
    const startMs = performance.now()
    const before = cpuSeconds(child.pid as number)
    const otherCores = meterOtherWork()
    while (performance.now() - startMs < 300);
    const usedCores = (cpuSeconds(child.pid as number) - before) / ((performance.now() - startMs) / 1000)
    expect(otherCores()).toBeGreaterThan(usedCores * 0.7)
  } finally {
    child.kill('SIGKILL')
  }
})
