/** What a power cut leaves on the disk in memory: all that was synced, and of the rest whatever chance wants. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DISK_ERROR_CODES, type DiskFile } from '../ports/disk.ts'
import { createMemoryDisk, type MemoryDisk } from './disk.ts'
import { seededRandom } from './seeded-random.ts'

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed)

function diskWith(...names: string[]): MemoryDisk {
  const disk = createMemoryDisk({ canLosePower: true })
  for (const name of names) disk.open(name, { create: true }).close()
  return disk
}

function bytes(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value)
}

function read(disk: MemoryDisk, path: string): Uint8Array | null {
  return disk.stat(path) === null ? null : disk.readFile(path)
}

async function synced(disk: MemoryDisk, path: string, content: Uint8Array): Promise<DiskFile> {
  const file = disk.open(path, { create: true })
  file.writeSync([content], 0)
  await file.sync()
  await disk.syncDirectory('/')
  return file
}

/** Every outcome of the seeds, once. */
async function outcomes(prepare: () => Promise<MemoryDisk>, path: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (const seed of SEEDS) {
    const disk = await prepare()
    disk.losePower(seededRandom(seed))
    const content = read(disk, path)
    found.add(content === null ? 'absent' : Buffer.from(content).toString('latin1'))
  }
  return found
}

describe('bytes', () => {
  it('that were synced stay, in a directory that was synced', async () => {
    const prepare = async (): Promise<MemoryDisk> => {
      const disk = diskWith()
      await synced(disk, '/a', bytes(10_000, 7))
      return disk
    }
    expect(await outcomes(prepare, '/a')).toEqual(new Set(['\x07'.repeat(10_000)]))
  })

  it('that were not synced are there in part, as zeros, or not at all', async () => {
    const prepare = async (): Promise<MemoryDisk> => {
      const disk = diskWith()
      const file = await synced(disk, '/a', bytes(1000, 97))
      file.writeSync([bytes(3000, 98)], 1000)
      return disk
    }
    const found = await outcomes(prepare, '/a')
    for (const content of found) expect(content).toMatch(/^a{1000}[b\0]{0,3000}$/)
    expect(found).toContain('a'.repeat(1000))
    expect(found).toContain('a'.repeat(1000) + 'b'.repeat(3000))
    expect([...found].some((content) => content.includes('\0'))).toBe(true)
    expect(new Set([...found].map(({ length }) => length)).size).toBeGreaterThan(5)
  })

  it('that were overwritten are the old or the new, sector by sector', async () => {
    const prepare = async (): Promise<MemoryDisk> => {
      const disk = diskWith()
      const file = await synced(disk, '/a', bytes(2048, 97))
      file.writeSync([bytes(2048, 98)], 0)
      file.writeSync([bytes(1024, 99)], 0)
      return disk
    }
    const found = await outcomes(prepare, '/a')
    for (const content of found) expect(content).toMatch(/^(a{512}|c{512}){2}(a{512}|b{512}){2}$/)
    expect(found.size).toBeGreaterThan(6)
  })

  it('that were cut off may be back', async () => {
    const prepare = async (): Promise<MemoryDisk> => {
      const disk = diskWith()
      const file = await synced(disk, '/a', bytes(600, 97))
      file.truncate(5)
      return disk
    }
    const found = await outcomes(prepare, '/a')
    expect(found).toContain('a'.repeat(5))
    expect(found).toContain('a'.repeat(600))
    for (const content of found) expect(content).toMatch(/^a{5}[a\0]*$/)
  })

  it('that were written while a sync was under way are not carried by it', async () => {
    const prepare = async (): Promise<MemoryDisk> => {
      const disk = diskWith()
      const file = await synced(disk, '/a', bytes(1, 97))
      file.writeSync([bytes(1, 98)], 1)
      const release = disk.holdSyncs()
      const syncing = file.sync()
      file.writeSync([bytes(1, 99)], 2)
      release()
      await syncing
      return disk
    }
    expect(await outcomes(prepare, '/a')).toEqual(new Set(['ab', 'abc', 'ab\0']))
  })

  it('are made durable after a sync that failed when they are written once more', async () => {
    for (const seed of SEEDS) {
      const disk = diskWith('/a')
      await disk.syncDirectory('/')
      const file = disk.open('/a')
      file.writeSync([bytes(6_000, 97)], 0)
      disk.failNext({ operation: 'sync' })
      await expect(file.sync()).rejects.toMatchObject({ code: DISK_ERROR_CODES.failed })
      file.writeSync([bytes(6_000, 97)], 0)
      await file.sync()
      disk.losePower(seededRandom(seed))
      expect(disk.readFile('/a')).toEqual(bytes(6_000, 97))
    }
  })

  it('are not made durable by a second sync after one that failed', async () => {
    const prepare = async (): Promise<MemoryDisk> => {
      const disk = diskWith()
      const file = await synced(disk, '/a', bytes(1, 97))
      file.writeSync([bytes(1, 98)], 1)
      disk.failNext({ operation: 'sync' })
      await expect(file.sync()).rejects.toMatchObject({ code: DISK_ERROR_CODES.failed })
      await file.sync()
      return disk
    }
    expect(await outcomes(prepare, '/a')).toContain('a')
  })
})

describe('names', () => {
  it.each<[string, string, (disk: MemoryDisk) => void, Set<string>]>([
    ['a creation', '/new', (disk) => disk.open('/new', { create: true }).close(), new Set(['', 'absent'])],
    ['a removal', '/a', (disk) => disk.removeFile('/a'), new Set(['a', 'absent'])],
    ['a move, at its source', '/a', (disk) => disk.rename('/a', '/c'), new Set(['a', 'absent'])],
    ['a move, at its target', '/b', (disk) => disk.rename('/a', '/b'), new Set(['a', 'b'])],
    ['a directory', '/d/e', (disk) => disk.createDirectory('/d'), new Set(['absent'])],
  ])('may undo %s whose directory was not synced', async (_, path, change, expected) => {
    const prepare = async (): Promise<MemoryDisk> => {
      const disk = diskWith()
      await synced(disk, '/a', bytes(1, 97))
      await synced(disk, '/b', bytes(1, 98))
      change(disk)
      return disk
    }
    expect(await outcomes(prepare, path)).toEqual(expected)
    const prepareSynced = async (): Promise<MemoryDisk> => {
      const disk = await prepare()
      await disk.syncDirectory('/')
      return disk
    }
    expect((await outcomes(prepareSynced, path)).size).toBe(1)
  })

  it('go in the order in which they came', async () => {
    for (const seed of SEEDS) {
      const disk = diskWith('/1', '/2', '/3', '/4')
      disk.losePower(seededRandom(seed))
      const names = disk.list('/').map(({ name }) => name)
      expect(names).toEqual(['1', '2', '3', '4'].slice(0, names.length))
    }
  })

  it('of a removed directory go one by one, and the directory last', async () => {
    const left = new Set<string>()
    for (const seed of SEEDS) {
      const disk = diskWith()
      disk.createDirectory('/d')
      for (const name of ['/d/1', '/d/2']) disk.open(name, { create: true }).close()
      await disk.syncDirectory('/')
      await disk.syncDirectory('/d')
      disk.removeDirectory('/d')
      disk.losePower(seededRandom(seed))
      const names = disk.stat('/d') === null ? ['gone'] : disk.list('/d').map(({ name }) => name)
      left.add(names.join())
    }
    expect(left).toEqual(new Set(['gone', '', '1,2', '2']))
  })

  it('that moved between directories are in one of them', async () => {
    for (const seed of SEEDS) {
      const disk = diskWith()
      disk.createDirectory('/d')
      await synced(disk, '/a', bytes(1, 97))
      disk.rename('/a', '/d/a')
      await disk.syncDirectory(seed % 2 === 0 ? '/' : '/d')
      disk.losePower(seededRandom(seed))
      expect([read(disk, '/a'), read(disk, '/d/a')]).toEqual([null, bytes(1, 97)])
    }
  })

  it('of a replaced file lead to the new content', async () => {
    const prepare = async (): Promise<MemoryDisk> => {
      const disk = diskWith()
      await disk.replaceFile('/a', bytes(3, 97))
      await disk.replaceFile('/a', bytes(2, 98))
      return disk
    }
    expect(await outcomes(prepare, '/a')).toEqual(new Set(['bb']))
  })
})

describe('after the power came back', () => {
  it('what was open is of no use, locks are free and syncs under way have failed', async () => {
    const disk = diskWith()
    const file = await synced(disk, '/a', bytes(4, 97))
    const lock = disk.lock('/lock')
    file.writeSync([bytes(1, 98)], 4)
    const release = disk.holdSyncs()
    const syncing = file.sync()
    disk.losePower(seededRandom(0))
    release()
    await expect(syncing).rejects.toMatchObject({ code: DISK_ERROR_CODES.failed })
    expect(() => file.size()).toThrow(expect.objectContaining({ code: DISK_ERROR_CODES.failed }))
    const again = disk.lock('/lock')
    lock.release()
    expect(() => disk.lock('/lock')).toThrow(expect.objectContaining({ code: DISK_ERROR_CODES.locked }))
    again.release()
    file.close()
    expect(disk.readFile('/a').subarray(0, 4)).toEqual(bytes(4, 97))
  })

  it('room is counted anew', async () => {
    const disk = diskWith()
    await synced(disk, '/a', bytes(100, 1))
    disk.removeFile('/a')
    expect(disk.usedBytes).toBe(100)
    for (const seed of SEEDS) {
      disk.losePower(seededRandom(seed))
      expect(disk.usedBytes).toBe(read(disk, '/a')?.length ?? 0)
      if (read(disk, '/a') === null) break
      disk.removeFile('/a')
    }
  })

  it('the same seed gives the same disk', async () => {
    const contentOf = async (seed: number): Promise<Uint8Array | null> => {
      const disk = diskWith()
      const file = await synced(disk, '/a', bytes(5000, 1))
      file.writeSync([bytes(50_000, 2)], 3000)
      disk.losePower(seededRandom(seed))
      return read(disk, '/a')
    }
    for (const seed of SEEDS.slice(0, 10)) expect(await contentOf(seed)).toEqual(await contentOf(seed))
  })
})

it('brings nothing back of a device that another one took the place of', async () => {
  const prepare = async (): Promise<MemoryDisk> => {
    const disk = diskWith('/unsynced')
    await synced(disk, '/synced', bytes(1_000, 7))
    disk.replace()
    disk.open('/new', { create: true }).close()
    return disk
  }
  for (const path of ['/unsynced', '/synced']) expect(await outcomes(prepare, path)).toEqual(new Set(['absent']))
  expect((await prepare()).usedBytes).toBe(0)
})

it('keeps the synced prefix whatever came after it (property)', async () => {
  const write = fc.record({ length: fc.integer({ min: 1, max: 20_000 }), isSynced: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 10 }), fc.nat(), async (writes, seed) => {
      const disk = diskWith('/a')
      await disk.syncDirectory('/')
      const file = disk.open('/a')
      let size = 0
      let syncedBytes = 0
      for (const { length, isSynced } of writes) {
        file.writeSync([Uint8Array.from({ length }, (_, index) => 1 + ((size + index) % 255))], size)
        size += length
        if (!isSynced) continue
        await file.sync()
        syncedBytes = size
      }
      disk.losePower(seededRandom(seed))
      const content = disk.readFile('/a')
      expect(content.length).toBeGreaterThanOrEqual(syncedBytes)
      expect(content.length).toBeLessThanOrEqual(size)
      for (let at = 0; at < syncedBytes; at += 1) if (content[at] !== 1 + (at % 255)) expect.fail(`byte ${at} was lost`)
    }),
    { numRuns: 60 },
  )
})
