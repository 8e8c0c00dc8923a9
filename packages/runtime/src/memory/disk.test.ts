/** What only the disk in memory does: being small, failing on request, and counting what it holds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DISK_ERROR_CODES, type DiskFile } from '../ports/disk.ts'
import { createMemoryDisk, type MemoryDisk } from './disk.ts'
import type { FaultyOperation } from './faults.ts'

function bytes(length: number, value = 1): Uint8Array {
  return new Uint8Array(length).fill(value)
}

function fileOn(disk: MemoryDisk, path = '/file'): DiskFile {
  return disk.open(path, { create: true })
}

const isFull = expect.objectContaining({ name: 'DiskError', code: DISK_ERROR_CODES.full })

describe('a full disk', () => {
  it('takes what fits, says that it is full, and has room again when that is cut off', () => {
    const disk = createMemoryDisk({ capacityBytes: 100 })
    const file = fileOn(disk)
    file.writeSync([bytes(60)], 0)
    expect(() => file.writeSync([bytes(30), bytes(30)], 60)).toThrow(isFull)
    expect(file.size()).toBe(100)
    expect(disk.space('/')).toEqual({ freeBytes: 0, totalBytes: 100 })
    file.truncate(60)
    expect(disk.space('/')).toEqual({ freeBytes: 40, totalBytes: 100 })
    file.writeSync([bytes(40)], 60)
  })

  it('still takes what replaces bytes that are there', () => {
    const disk = createMemoryDisk({ capacityBytes: 10 })
    const file = fileOn(disk)
    file.writeSync([bytes(10)], 0)
    file.writeSync([bytes(10, 2)], 0)
    expect(disk.readFile('/file')).toEqual(bytes(10, 2))
  })

  it('refuses to extend and to replace', async () => {
    const disk = createMemoryDisk({ capacityBytes: 10 })
    const file = fileOn(disk)
    expect(() => file.truncate(11)).toThrow(isFull)
    await disk.replaceFile('/small', bytes(6))
    await expect(disk.replaceFile('/small', bytes(6))).rejects.toEqual(isFull)
    expect(disk.readFile('/small')).toEqual(bytes(6))
  })

  it('has room again when capacity grows or files go', () => {
    const disk = createMemoryDisk({ capacityBytes: 10 })
    const file = fileOn(disk, '/a')
    file.writeSync([bytes(10)], 0)
    expect(() => fileOn(disk, '/b').writeSync([bytes(1)], 0)).toThrow(isFull)
    disk.setCapacity(11)
    fileOn(disk, '/b').writeSync([bytes(1)], 0)
    disk.removeFile('/a')
    expect(disk.usedBytes).toBe(11)
    file.close()
    expect(disk.usedBytes).toBe(1)
  })
})

describe('what is used', () => {
  it('falls when names are removed, replaced or moved over', async () => {
    const disk = createMemoryDisk()
    disk.createDirectory('/d/e')
    for (const path of ['/d/a', '/d/e/b', '/c']) {
      const file = fileOn(disk, path)
      file.writeSync([bytes(100)], 0)
      file.close()
    }
    expect(disk.usedBytes).toBe(300)
    await disk.replaceFile('/c', bytes(10))
    expect(disk.usedBytes).toBe(210)
    disk.rename('/c', '/d/a')
    expect(disk.usedBytes).toBe(110)
    disk.removeDirectory('/d')
    expect(disk.usedBytes).toBe(0)
  })

  it('has no bound to tell of unless one was given', () => {
    expect(createMemoryDisk().space('/')).toBeNull()
  })
})

describe('a failure that was asked for', () => {
  const OPERATIONS: readonly [FaultyOperation, (disk: MemoryDisk, file: DiskFile) => unknown][] = [
    ['open', (disk) => disk.open('/file')],
    ['read', (_, file) => file.readSync(bytes(1), 0)],
    ['write', (_, file) => file.writeSync([bytes(1)], 0)],
    ['truncate', (_, file) => file.truncate(0)],
    ['sync', (_, file) => file.sync()],
    ['syncDirectory', (disk) => disk.syncDirectory('/')],
    ['rename', (disk) => disk.rename('/file', '/other')],
    ['replaceFile', (disk) => disk.replaceFile('/file', bytes(1))],
  ]

  it.each(OPERATIONS)('happens once, to %s', async (operation, act) => {
    const disk = createMemoryDisk()
    const file = fileOn(disk)
    disk.failNext({ operation })
    const attempt = async (): Promise<unknown> => act(disk, file)
    await expect(attempt()).rejects.toMatchObject({ name: 'DiskError', code: DISK_ERROR_CODES.failed })
    await expect(attempt()).resolves.not.toBeInstanceOf(Error)
  })

  it('waits for the path that it is meant for', () => {
    const disk = createMemoryDisk()
    const log = fileOn(disk, '/0.log')
    const index = fileOn(disk, '/0.index')
    disk.failNext({ operation: 'write', pathIncludes: '.index', code: DISK_ERROR_CODES.full })
    log.writeSync([bytes(1)], 0)
    expect(() => index.writeSync([bytes(1)], 0)).toThrow(isFull)
  })

  it('may leave a part of a write in the file', () => {
    const disk = createMemoryDisk()
    const file = fileOn(disk)
    disk.failNext({ operation: 'write', writtenBytes: 5 })
    expect(() => file.writeSync([bytes(3, 1), bytes(3, 2)], 0)).toThrow(/asked for/)
    expect([...disk.readFile('/file')]).toEqual([1, 1, 1, 2, 2])
  })
})

it('holds syncs back until it is told to let them go', async () => {
  const disk = createMemoryDisk()
  const file = fileOn(disk)
  const release = disk.holdSyncs()
  let isSynced = false
  const syncing = file.sync().then(() => {
    isSynced = true
  })
  await new Promise((done) => setImmediate(done))
  expect(isSynced).toBe(false)
  release()
  await syncing
  await file.sync()
})

it('stamps modifications with the clock that it was given', () => {
  let now = 1000
  const disk = createMemoryDisk({ clock: { now: () => now } })
  const file = fileOn(disk)
  expect(disk.stat('/file')?.modifiedMs).toBe(1000)
  now = 2000
  file.writeSync([bytes(1)], 0)
  expect(disk.stat('/file')?.modifiedMs).toBe(2000)
})

it('keeps the content that a plain array would (property)', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('write' as const), position: fc.nat(200_000), length: fc.nat(150_000), value: fc.nat(255) }),
    fc.record({ type: fc.constant('truncate' as const), sizeBytes: fc.nat(300_000) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const file = fileOn(createMemoryDisk())
      let twin = new Uint8Array(0)
      const resize = (sizeBytes: number): void => {
        const next = new Uint8Array(sizeBytes)
        next.set(twin.subarray(0, sizeBytes))
        twin = next
      }
      for (const action of steps) {
        if (action.type === 'truncate') {
          file.truncate(action.sizeBytes)
          resize(action.sizeBytes)
        } else if (action.length > 0) {
          file.writeSync([bytes(action.length, action.value)], action.position)
          resize(Math.max(twin.length, action.position + action.length))
          twin.fill(action.value, action.position, action.position + action.length)
        }
      }
      const into = new Uint8Array(twin.length)
      expect(file.size()).toBe(twin.length)
      expect(file.readSync(into, 0)).toBe(twin.length)
      expect(Buffer.compare(into, twin)).toBe(0)
    }),
    { numRuns: 40 },
  )
})

it('does not fail when that is no longer wanted', () => {
  const disk = createMemoryDisk()
  disk.failNext({ operation: 'write' })
  disk.forgetFaults()
  expect(fileOn(disk).writeSync([bytes(1)], 0)).toBe(1)
})

describe('a device', () => {
  it('makes a sync wait for as long as it takes', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const asked: string[] = []
    const disk = createMemoryDisk({
      untilSynced: (path) => {
        asked.push(path)
        return promise
      },
    })
    let isSynced = false
    const syncing = fileOn(disk)
      .sync()
      .then(() => {
        isSynced = true
      })
    await Promise.resolve()
    expect([asked, isSynced]).toEqual([['/file'], false])
    resolve()
    await syncing
  })

  it('changes bits at rest without a word', () => {
    const disk = createMemoryDisk()
    fileOn(disk).writeSync([bytes(3, 0b1010)], 0)
    disk.flipBits('/file', 1, 0b0011)
    expect([...disk.readFile('/file')]).toEqual([0b1010, 0b1001, 0b1010])
    expect(() => disk.flipBits('/file', 3, 1)).toThrow('has no byte 3')
  })
})
