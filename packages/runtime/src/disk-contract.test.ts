/** What every disk promises, asked of the real one and of the one in memory in the same words. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryDisk } from './memory/disk.ts'
import { createNodeDisk } from './node/disk.ts'
import { type Disk, DISK_ERROR_CODES, type DiskFile } from './ports/disk.ts'
import { temporaryDirectory } from './testing/directory.ts'

interface Fixture {
  readonly disk: Disk
  readonly root: string
  remove(): void
}

const DISKS: readonly { readonly name: string; readonly make: () => Fixture }[] = [
  {
    name: 'node',
    make: () => {
      const directory = temporaryDirectory()
      return { disk: createNodeDisk(), root: directory.path, remove: directory.remove }
    },
  },
  {
    name: 'memory',
    make: () => {
      const disk = createMemoryDisk()
      disk.createDirectory('/data')
      return { disk, root: '/data', remove: () => {} }
    },
  },
]

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function textOf(content: Uint8Array): string {
  return new TextDecoder().decode(content)
}

function contentOf(file: DiskFile): string {
  const into = new Uint8Array(file.size())
  file.readSync(into, 0)
  return textOf(into)
}

/** Bytes that differ at each position of any block size in use. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 17) & 0xff)
}

describe.each(DISKS)('$name disk', ({ make }) => {
  let fixture: Fixture
  let disk: Disk
  let path: (name: string) => string

  beforeEach(() => {
    fixture = make()
    disk = fixture.disk
    path = (name) => `${fixture.root}/${name}`
  })
  afterEach(() => fixture.remove())

  function create(name: string, content = ''): DiskFile {
    const file = disk.open(path(name), { create: true })
    file.writeSync([bytes(content)], 0)
    return file
  }

  const failure = (code: string) => expect.objectContaining({ name: 'DiskError', code })

  describe('errors', () => {
    it.each<[string, string, (at: (name: string) => string) => unknown]>([
      ['opening what is not there', DISK_ERROR_CODES.notFound, (at) => disk.open(at('absent'))],
      ['creating in a directory that is not there', DISK_ERROR_CODES.notFound, (at) => disk.open(at('no/file'), { create: true })],
      ['reading what is not there', DISK_ERROR_CODES.notFound, (at) => disk.readFile(at('absent'))],
      ['listing what is not there', DISK_ERROR_CODES.notFound, (at) => disk.list(at('absent'))],
      ['renaming what is not there', DISK_ERROR_CODES.notFound, (at) => disk.rename(at('absent'), at('b'))],
      ['opening a directory', DISK_ERROR_CODES.failed, (at) => disk.open(at('directory'), { create: true })],
      ['reading a directory', DISK_ERROR_CODES.failed, (at) => disk.readFile(at('directory'))],
      ['making a directory where a file is', DISK_ERROR_CODES.failed, (at) => disk.createDirectory(at('file'))],
    ])('%s is %s', (_, code, act) => {
      disk.createDirectory(path('directory'))
      create('file').close()
      expect(() => act(path)).toThrow(failure(code))
    })

    it('name the path and the reason', () => {
      expect(() => disk.open(path('absent'))).toThrow(expect.objectContaining({ path: path('absent') }))
      expect(() => disk.open(path('absent'))).toThrow(path('absent'))
    })

    it('reject the promise of an asynchronous call', async () => {
      await expect(disk.replaceFile(path('no/file'), bytes('x'))).rejects.toEqual(failure(DISK_ERROR_CODES.notFound))
      await expect(disk.syncDirectory(path('absent'))).rejects.toEqual(failure(DISK_ERROR_CODES.notFound))
    })
  })

  describe('files', () => {
    it('start empty and read nothing', () => {
      const file = disk.open(path('a'), { create: true })
      expect(file.size()).toBe(0)
      expect(file.readSync(new Uint8Array(8), 0)).toBe(0)
    })

    it('keep their content when opened again with create', () => {
      create('a', 'kept').close()
      expect(contentOf(disk.open(path('a'), { create: true }))).toBe('kept')
    })

    it('take chunks back to back at a position', () => {
      const file = create('a', '0123456789')
      expect(file.writeSync([bytes('AB'), bytes(''), bytes('CDE')], 2)).toBe(5)
      expect(contentOf(file)).toBe('01ABCDE789')
    })

    it('take chunks the slow way too', async () => {
      const file = create('a', '0123456789')
      expect(await file.write([bytes(''), bytes('XY'), bytes('Z')], 8)).toBe(3)
      expect(contentOf(file)).toBe('01234567XYZ')
    })

    it('write nothing when given nothing', async () => {
      const file = create('a', 'x')
      expect(file.writeSync([], 0)).toBe(0)
      expect(file.writeSync([bytes(''), bytes('')], 5)).toBe(0)
      expect(await file.write([], 9)).toBe(0)
      expect(file.size()).toBe(1)
    })

    it.each([1, 2, 1023, 1024, 1025, 3000])('take %i chunks in one call', async (count) => {
      const expected = pattern(count * 3)
      const chunks = Array.from({ length: count }, (_, index) => expected.subarray(index * 3, index * 3 + 3))
      const file = create('a')
      expect(file.writeSync(chunks, 0)).toBe(count * 3)
      expect(await file.write(chunks, count * 3)).toBe(count * 3)
      const into = new Uint8Array(count * 6)
      expect(file.readSync(into, 0)).toBe(count * 6)
      expect(Buffer.compare(into.subarray(0, count * 3), expected)).toBe(0)
      expect(Buffer.compare(into.subarray(count * 3), expected)).toBe(0)
    })

    it('take thousands of empty chunks before one with content', () => {
      const file = create('a')
      expect(file.writeSync([...Array.from({ length: 2500 }, () => bytes('')), bytes('end')], 0)).toBe(3)
      expect(contentOf(file)).toBe('end')
    })

    it('hold large content', async () => {
      const content = pattern(1_300_003)
      const file = create('a')
      file.writeSync([content.subarray(0, 700_001), content.subarray(700_001)], 0)
      const into = new Uint8Array(content.length + 10)
      expect(await file.read(into, 0)).toBe(content.length)
      expect(Buffer.compare(into.subarray(0, content.length), content)).toBe(0)
      const middle = new Uint8Array(200_000)
      expect(file.readSync(middle, 65_535)).toBe(200_000)
      expect(Buffer.compare(middle, content.subarray(65_535, 265_535))).toBe(0)
    })

    it.each([
      [0, 4, '0123'],
      [8, 4, '89'],
      [10, 4, ''],
      [99, 4, ''],
      [3, 0, ''],
    ])('read at %i up to %i bytes: "%s"', async (position, length, expected) => {
      const file = create('a', '0123456789')
      const into = new Uint8Array(length)
      const count = file.readSync(into, position)
      expect(textOf(into.subarray(0, count))).toBe(expected)
      expect(await file.read(into, position)).toBe(count)
    })

    it('fill a gap with zeros', () => {
      const file = create('a', 'x')
      file.writeSync([bytes('y')], 4)
      expect(contentOf(file)).toBe('x\0\0\0y')
    })

    it('lose what is cut off, for good', () => {
      const file = create('a', '0123456789')
      file.truncate(4)
      expect(contentOf(file)).toBe('0123')
      file.truncate(6)
      expect(contentOf(file)).toBe('0123\0\0')
    })

    it('are one file however often they are open', () => {
      const first = create('a', 'one')
      const second = disk.open(path('a'))
      first.writeSync([bytes('ONE, two')], 0)
      expect(contentOf(second)).toBe('ONE, two')
    })

    it('do not share memory with what was written or read', () => {
      const content = bytes('mine')
      const file = disk.open(path('a'), { create: true })
      file.writeSync([content], 0)
      content.fill(0)
      expect(contentOf(file)).toBe('mine')
      disk.readFile(path('a')).fill(0)
      expect(contentOf(file)).toBe('mine')
    })

    it('sync', async () => {
      const file = create('a', 'x')
      await expect(file.sync()).resolves.toBeUndefined()
    })

    it('refuse everything after close, which may be called twice', async () => {
      const file = create('a', 'x')
      file.close()
      file.close()
      expect(file.descriptor).toBeNull()
      expect(() => file.readSync(new Uint8Array(1), 0)).toThrow(failure(DISK_ERROR_CODES.failed))
      expect(() => file.writeSync([bytes('y')], 0)).toThrow(failure(DISK_ERROR_CODES.failed))
      expect(() => file.size()).toThrow(failure(DISK_ERROR_CODES.failed))
      expect(() => file.truncate(0)).toThrow(failure(DISK_ERROR_CODES.failed))
      await expect(file.read(new Uint8Array(1), 0)).rejects.toEqual(failure(DISK_ERROR_CODES.failed))
      await expect(file.write([bytes('y')], 0)).rejects.toEqual(failure(DISK_ERROR_CODES.failed))
      await expect(file.sync()).rejects.toEqual(failure(DISK_ERROR_CODES.failed))
    })

    it('let a call that runs finish when they are closed meanwhile', async () => {
      const file = create('a', 'content')
      const into = new Uint8Array(7)
      const reading = file.read(into, 0)
      const syncing = file.sync()
      file.close()
      // A file opened now would be given the number of a descriptor that was closed too early.
      const other = create('other', 'WRONG!!')
      expect(await reading).toBe(7)
      await syncing
      expect(textOf(into)).toBe('content')
      other.close()
    })
  })

  describe('names', () => {
    it('are listed in order with their kinds', () => {
      disk.createDirectory(path('b/deep'))
      for (const name of ['c', 'a', 'B']) create(name).close()
      expect(disk.list(fixture.root)).toEqual([
        { name: 'B', isDirectory: false },
        { name: 'a', isDirectory: false },
        { name: 'b', isDirectory: true },
        { name: 'c', isDirectory: false },
      ])
      expect(disk.list(path('b/deep'))).toEqual([])
    })

    it('have a status, or none', () => {
      disk.createDirectory(path('directory'))
      create('file', 'five!').close()
      expect(disk.stat(path('file'))).toMatchObject({ sizeBytes: 5, isDirectory: false })
      expect(disk.stat(path('directory'))).toMatchObject({ isDirectory: true })
      expect(disk.stat(path('absent'))).toBeNull()
      expect(disk.stat(path('file/under'))).toBeNull()
    })

    it('may be made into directories twice', () => {
      disk.createDirectory(path('a/b/c'))
      disk.createDirectory(path('a/b/c'))
      expect(disk.stat(path('a/b/c'))?.isDirectory).toBe(true)
    })

    it('move, and replace what was there', () => {
      const old = create('old', 'old')
      create('new', 'new').close()
      disk.rename(path('new'), path('old'))
      expect(textOf(disk.readFile(path('old')))).toBe('new')
      expect(disk.stat(path('new'))).toBeNull()
      expect(contentOf(old)).toBe('old')
    })

    it('move with all that is under them', () => {
      disk.createDirectory(path('topic-0'))
      const file = create('topic-0/segment', 'data')
      disk.rename(path('topic-0'), path('topic-0-delete'))
      expect(textOf(disk.readFile(path('topic-0-delete/segment')))).toBe('data')
      expect(disk.stat(path('topic-0'))).toBeNull()
      expect(contentOf(file)).toBe('data')
    })

    it('do not move onto a directory that holds something', () => {
      disk.createDirectory(path('a'))
      disk.createDirectory(path('b'))
      create('b/file').close()
      expect(() => disk.rename(path('a'), path('b'))).toThrow(failure(DISK_ERROR_CODES.failed))
    })

    it('can be removed while the file is open, which stays readable', () => {
      const file = create('a', 'still here')
      disk.removeFile(path('a'))
      expect(disk.stat(path('a'))).toBeNull()
      expect(contentOf(file)).toBe('still here')
      expect(contentOf(create('a', 'anew'))).toBe('anew')
    })

    it('can be removed when nothing is there', () => {
      disk.removeFile(path('absent'))
      disk.removeFile(path('absent/deep'))
      disk.removeDirectory(path('absent'))
    })

    it('of directories are not removed as files', () => {
      disk.createDirectory(path('directory'))
      expect(() => disk.removeFile(path('directory'))).toThrow(expect.objectContaining({ name: 'DiskError' }))
      expect(disk.stat(path('directory'))).not.toBeNull()
    })

    it('are removed with all that is under them', () => {
      disk.createDirectory(path('a/b'))
      create('a/b/c', 'x').close()
      disk.removeDirectory(path('a'))
      expect(disk.list(fixture.root)).toEqual([])
    })

    it('sync', async () => {
      await expect(disk.syncDirectory(fixture.root)).resolves.toBeUndefined()
    })
  })

  describe('replacing a file', () => {
    it('makes and replaces it, leaving nothing else', async () => {
      await disk.replaceFile(path('a'), bytes('a longer first'))
      await disk.replaceFile(path('a'), bytes('second'))
      expect(textOf(disk.readFile(path('a')))).toBe('second')
      expect(disk.list(fixture.root).map(({ name }) => name)).toEqual(['a'])
    })

    it('happens in the order of the calls', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, index) => disk.replaceFile(path('a'), bytes(`${index}`.repeat(index + 1)))))
      expect(textOf(disk.readFile(path('a')))).toBe('19'.repeat(20))
      expect(disk.list(fixture.root).map(({ name }) => name)).toEqual(['a'])
    })

    it('goes on after one that failed', async () => {
      const first = disk.replaceFile(path('later/a'), bytes('first'))
      await expect(first).rejects.toEqual(failure(DISK_ERROR_CODES.notFound))
      disk.createDirectory(path('later'))
      await disk.replaceFile(path('later/a'), bytes('second'))
      expect(textOf(disk.readFile(path('later/a')))).toBe('second')
    })
  })

  describe('locks', () => {
    it('exclude a second holder in this process', () => {
      const lock = disk.lock(path('.lock'))
      expect(() => disk.lock(path('.lock'))).toThrow(failure(DISK_ERROR_CODES.locked))
      lock.release()
      const again = disk.lock(path('.lock'))
      lock.release()
      expect(() => disk.lock(path('.lock'))).toThrow(failure(DISK_ERROR_CODES.locked))
      again.release()
    })

    it('of different paths do not meet', () => {
      const first = disk.lock(path('a.lock'))
      const second = disk.lock(path('b.lock'))
      first.release()
      second.release()
    })

    it('need their directory', () => {
      expect(() => disk.lock(path('absent/.lock'))).toThrow(failure(DISK_ERROR_CODES.notFound))
    })
  })

  it('tells its space sensibly, or nothing', () => {
    const space = disk.space(fixture.root)
    if (space === null) return
    expect(space.freeBytes).toBeGreaterThanOrEqual(0)
    expect(space.totalBytes).toBeGreaterThanOrEqual(space.freeBytes)
  })
})
