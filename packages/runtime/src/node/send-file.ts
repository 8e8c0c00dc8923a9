/**
 * `sendfile(2)`: from the page cache to a socket without a copy through this process. Linux only, through koffi.
 *
 * Owns no descriptor and remembers nothing. Loaded when the first large range is sent, so a process that never serves one
 * does without. Where it is not available the caller copies.
 */
import { createRequire } from 'node:module'
import { constants } from 'node:os'

export interface SendFile {
  /** Bytes sent, 0 at the end of the file, or the negative number of the error. */
  send(socket: number, file: number, position: number, length: number): number
  /**
   * False when the first or the last byte of the range is surely not in the page cache: sending it would block the event
   * loop for as long as the device takes. True when there is no telling.
   */
  isCached(file: number, position: number, length: number): boolean
}

/** Platforms where `off_t` has 64 bits without a special symbol. */
const ARCHITECTURES = new Set(['x64', 'arm64', 'loong64', 'ppc64', 'riscv64', 's390x'])

/** From <linux/fs.h>: fail instead of waiting for a device. */
const RWF_NOWAIT = 8

let loaded: SendFile | null | undefined

export function loadSendFile(): SendFile | null {
  if (loaded === undefined) loaded = bindSendFile()
  return loaded
}

type SendFileCall = (socket: number, file: number, offset: BigInt64Array, count: number) => number
type ReadCall = (file: number, vector: BigUint64Array, count: number, offset: number, flags: number) => number

function bindSendFile(): SendFile | null {
  if (process.platform !== 'linux' || !ARCHITECTURES.has(process.arch)) return null
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const library = koffi.load(null)
    // The result must be declared with 64 bits, or an error would look like four billion bytes.
    const sendFile = library.func('int64_t sendfile(int socket, int file, void *offset, size_t count)') as SendFileCall
    const offset = new BigInt64Array(new ArrayBuffer(8))
    return {
      send: (socket, file, position, length) => {
        offset[0] = BigInt(position)
        const count = sendFile(socket, file, offset, length)
        return count >= 0 ? count : -koffi.errno()
      },
      isCached: bindProbe(koffi, library),
    }
  } catch {
    // No prebuilt library for this machine, or no such symbol in its C library.
    return null
  }
}

function bindProbe(koffi: typeof import('koffi'), library: ReturnType<typeof koffi.load>): SendFile['isCached'] {
  let read: ReadCall
  try {
    read = library.func('int64_t preadv2(int file, void *vector, int count, int64_t offset, int flags)') as ReadCall
  } catch {
    return () => true
  }
  // struct iovec { void *base; size_t length }, and behind it the byte that it leads to. They are one piece of memory because
  // an address does not keep anything alive: a byte of its own would be collected, and the kernel would write over others.
  const vector = new BigUint64Array(new ArrayBuffer(24))
  vector[0] = koffi.address(vector) + 16n
  vector[1] = 1n
  const isByteCached = (file: number, position: number): boolean =>
    read(file, vector, 1, position, RWF_NOWAIT) >= 0 || koffi.errno() !== constants.errno.EAGAIN
  return (file, position, length) => isByteCached(file, position) && isByteCached(file, position + length - 1)
}
