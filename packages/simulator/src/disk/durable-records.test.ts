/** Where damage may be, and how a partition is forgotten, on disks as a log directory leaves them. */
import { createMemoryDisk, type MemoryDisk } from '@millrace/runtime'
import { describe, expect, it } from 'vitest'
import { durableRecordPlace, forgetPartition } from './durable-records.ts'

const CHECKPOINT = '/data/recovery-point-offset-checkpoint'

/** Segments of ten bytes at these base offsets, by partition. */
function disk(segments: Readonly<Record<string, readonly number[]>>, recoveryPoints: readonly string[]): MemoryDisk {
  const memory = createMemoryDisk()
  for (const [name, bases] of Object.entries(segments)) {
    memory.createDirectory(`/data/${name}`)
    for (const base of bases) {
      const path = `/data/${name}/${String(base).padStart(20, '0')}.log`
      memory.open(path, { create: true }).writeSync([new Uint8Array(10)], 0)
    }
  }
  const text = `0\n${recoveryPoints.length}\n${recoveryPoints.map((line) => `${line}\n`).join('')}`
  memory.open(CHECKPOINT, { create: true }).writeSync([new TextEncoder().encode(text)], 0)
  return memory
}

describe('a place among durable records', () => {
  it('is in a closed segment below the recovery point, of that topic', () => {
    const memory = disk({ 'orders-0': [0, 5, 9], 'orders-1': [0, 4], 'red-0': [0, 3] }, ['orders 0 8', 'orders 1 4', 'red 0 3'])
    const paths = new Set<string>()
    for (let place = 0; place < 1; place += 0.01) {
      const found = durableRecordPlace(memory, '/data', 'orders', place)
      paths.add(found?.path ?? '')
      expect(found?.position).toBeLessThan(10)
    }
    expect(paths).toEqual(new Set(['/data/orders-0/00000000000000000000.log', '/data/orders-1/00000000000000000000.log']))
  })

  it('is nowhere where nothing is known to be durable', () => {
    expect(durableRecordPlace(disk({ 'orders-0': [0, 5] }, ['orders 0 3']), '/data', 'orders', 0.5)).toBeNull()
    expect(durableRecordPlace(createMemoryDisk(), '/data', 'orders', 0.5)).toBeNull()
  })
})

it('a partition is forgotten with its directory and its line, and no other is', async () => {
  const memory = disk({ 'orders-0': [0], 'orders-1': [0] }, ['orders 0 8', 'orders 1 4'])
  await forgetPartition(memory, '/data', 'orders-0')
  expect(memory.stat('/data/orders-0')).toBeNull()
  expect(memory.stat('/data/orders-1')).not.toBeNull()
  expect(new TextDecoder().decode(memory.readFile(CHECKPOINT))).toBe('0\n1\norders 1 4\n')
})
