import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { cpuSeconds, memoryUse } from './process-usage.ts'

const TICK_SECONDS = 0.01

it('counts the CPU of this process as the process itself does', () => {
  const end = performance.now() + 60
  while (performance.now() < end);
  const { user, system } = process.cpuUsage()
  expect(Math.abs(cpuSeconds(process.pid) - (user + system) / 1e6)).toBeLessThan(5 * TICK_SECONDS)
})

it('reads a process whose name holds spaces and parentheses', async () => {
  const child = spawn(process.execPath, ['-e', `process.title = 'a) b (c'; console.log('up'); setInterval(() => {}, 1000)`])
  try {
    await once(child.stdout, 'data')
    const seconds = cpuSeconds(child.pid as number)
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThan(10)
  } finally {
    child.kill('SIGKILL')
  }
})

it('tells resident memory, and never more proportional than resident', () => {
  const { rssBytes, pssBytes } = memoryUse(process.pid)
  expect(rssBytes).toBeGreaterThan(1024 ** 2)
  if (pssBytes !== null) expect(pssBytes).toBeLessThan(rssBytes * 1.2)
})
