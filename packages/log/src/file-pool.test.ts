import { createMemoryDisk, DISK_ERROR_CODES, type MemoryDisk } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { FilePool, type FileSlot } from './file-pool.ts'

let disk: MemoryDisk
let pool: FilePool

beforeEach(() => {
  disk = createMemoryDisk()
  pool = new FilePool(disk, 3)
})

function made(name: string): FileSlot {
  const slot = pool.slot(`/${name}`)
  slot.use(true).writeSync([new TextEncoder().encode(name)], 0)
  return slot
}

function content(slot: FileSlot): string {
  const bytes = new Uint8Array(10)
  return new TextDecoder().decode(bytes.subarray(0, slot.use().readSync(bytes, 0)))
}

describe('the number of open files', () => {
  it('stays at the limit, whatever is used', () => {
    const slots = Array.from({ length: 20 }, (_, index) => made(`file${index}`))
    expect(pool.openCount).toBe(3)
    for (const [index, slot] of slots.entries()) expect(content(slot)).toBe(`file${index}`)
    expect(pool.openCount).toBe(3)
  })

  it('is kept by closing what was used least recently', () => {
    const [a, b, c] = ['a', 'b', 'c'].map(made) as [FileSlot, FileSlot, FileSlot]
    const files = [a.use(), b.use(), c.use()]
    a.use()
    made('d')
    expect(() => files[1]?.size()).toThrow()
    expect([files[0]?.size(), files[2]?.size()]).toEqual([1, 1])
  })

  it('is none after the end, but for a file that is held until its holder lets go', () => {
    const [a, b] = ['a', 'b'].map(made) as [FileSlot, FileSlot]
    const idle = a.use()
    const held = b.hold()
    pool.close()
    expect(() => idle.size()).toThrow()
    expect(held.file.size()).toBe(1)
    held.release()
    expect(() => held.file.size()).toThrow()
    expect(pool.openCount).toBe(0)
  })

  it('passes the limit for files that are held, and comes back', () => {
    const held = ['a', 'b', 'c', 'd', 'e'].map((name) => made(name).hold())
    expect(pool.openCount).toBe(5)
    for (const { file } of held) expect(file.size()).toBe(1)
    for (const { release } of held) release()
    made('f')
    expect(pool.openCount).toBe(3)
  })

  it('never costs the one who asks his own file', () => {
    pool = new FilePool(disk, 0)
    expect(content(made('a'))).toBe('a')
    expect(pool.openCount).toBe(1)
  })
})

describe('a held file', () => {
  it('stays open after a close until the last holder lets go', () => {
    const slot = made('a')
    const [first, second] = [slot.hold(), slot.hold()]
    slot.close()
    first.release()
    first.release()
    expect(second.file.size()).toBe(1)
    second.release()
    expect(() => second.file.size()).toThrow()
    expect(pool.openCount).toBe(0)
  })

  it('that is used again after a close stays open', () => {
    const slot = made('a')
    const held = slot.hold()
    slot.close()
    held.release()
    expect(content(slot)).toBe('a')
    slot.hold().release()
    expect(pool.openCount).toBe(1)
  })

  it('can be read after it was renamed and removed', () => {
    const slot = made('a')
    const held = slot.hold()
    slot.rename('/a.deleted')
    disk.removeFile('/a.deleted')
    expect(slot.path).toBe('/a.deleted')
    expect(held.file.size()).toBe(1)
    held.release()
  })
})

describe('a slot', () => {
  it('follows its file to another name', () => {
    const slot = made('a')
    slot.rename('/b')
    slot.close()
    expect(content(slot)).toBe('a')
    disk.rename('/b', '/c')
    slot.close()
    slot.moved('/c')
    expect(content(slot)).toBe('a')
  })

  it('keeps its name when the rename fails', () => {
    const slot = made('a')
    disk.failNext({ operation: 'rename' })
    expect(() => slot.rename('/b')).toThrow(expect.objectContaining({ code: DISK_ERROR_CODES.failed }))
    expect(slot.path).toBe('/a')
  })

  it('of a file that is not there says so, and makes it only when told to', () => {
    const slot = pool.slot('/absent')
    expect(() => slot.use()).toThrow(expect.objectContaining({ code: DISK_ERROR_CODES.notFound }))
    expect(pool.openCount).toBe(0)
    expect(slot.use(true).size()).toBe(0)
  })

  it('may be closed at any time, also twice', () => {
    const slot = made('a')
    slot.close()
    slot.close()
    expect(pool.openCount).toBe(0)
    expect(content(slot)).toBe('a')
  })
})
