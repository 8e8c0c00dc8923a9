/** A file of a memory disk, as somebody has it open. */
import { DISK_ERROR_CODES, DiskError, type DiskFile } from '../ports/disk.ts'
import { type FaultPlan, faultError } from './faults.ts'
import { type FileNode, failed } from './tree.ts'

/** What a file needs of the disk that it is on. */
export interface FileOwner {
  readonly faults: FaultPlan
  /** Counts power cuts: what was open before one is worthless after it. */
  readonly life: number
  /** Bytes by which a file may still grow. */
  readonly freeBytes: number
  resize(node: FileNode, sizeBytes: number, path: string): void
  touch(node: FileNode): void
  untilSyncsGo(path: string): Promise<void>
  /** Called when the last open file went. */
  free(node: FileNode): void
}

export class MemoryFile implements DiskFile {
  readonly path: string
  readonly descriptor: null = null
  readonly #disk: FileOwner
  readonly #node: FileNode
  readonly #life: number
  #isClosed = false

  constructor(disk: FileOwner, path: string, node: FileNode) {
    this.path = path
    this.#disk = disk
    this.#node = node
    this.#life = disk.life
    node.openCount++
  }

  size(): number {
    this.#assertOpen('stat')
    return this.#node.content.sizeBytes
  }

  readSync(into: Uint8Array, position: number): number {
    this.#assertOpen('read')
    this.#disk.faults.check('read', this.path)
    return this.#node.content.read(into, position)
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return this.readSync(into, position)
  }

  writeSync(chunks: readonly Uint8Array[], position: number): number {
    this.#assertOpen('write')
    let totalBytes = 0
    for (const chunk of chunks) totalBytes += chunk.length
    const fault = this.#disk.faults.take('write', this.path)
    if (fault !== undefined) {
      this.#writeUpTo(chunks, position, Math.min(totalBytes, fault.writtenBytes ?? 0))
      throw faultError(fault, this.path)
    }
    const room = this.#node.content.sizeBytes + this.#disk.freeBytes - position
    this.#writeUpTo(chunks, position, Math.min(totalBytes, Math.max(0, room)))
    // As the real disk does: what fits is there, and the caller cuts it off.
    if (room < totalBytes) throw new DiskError(DISK_ERROR_CODES.full, this.path, `cannot write ${this.path}: the disk is full`)
    return totalBytes
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    return this.writeSync(chunks, position)
  }

  truncate(sizeBytes: number): void {
    this.#assertOpen('truncate')
    this.#disk.faults.check('truncate', this.path)
    this.#disk.resize(this.#node, sizeBytes, this.path)
  }

  async sync(): Promise<void> {
    this.#assertOpen('sync')
    const { unsynced } = this.#node
    const underWay = unsynced?.beginSync()
    await this.#disk.untilSyncsGo(this.path)
    if (this.#life !== this.#disk.life) throw failed('sync', this.path, 'the power was cut')
    const fault = this.#disk.faults.take('sync', this.path)
    if (fault !== undefined) {
      underWay?.failed()
      throw faultError(fault, this.path)
    }
    underWay?.succeeded()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#life !== this.#disk.life) return
    this.#node.openCount--
    this.#disk.free(this.#node)
  }

  #writeUpTo(chunks: readonly Uint8Array[], position: number, limitBytes: number): void {
    if (limitBytes === 0) return
    const end = position + limitBytes
    this.#node.unsynced?.willChange(this.#node.content, position, Math.min(end, this.#node.content.sizeBytes))
    if (end > this.#node.content.sizeBytes) this.#disk.resize(this.#node, end, this.path)
    else this.#disk.touch(this.#node)
    let at = position
    for (const chunk of chunks) {
      const piece = chunk.length <= end - at ? chunk : chunk.subarray(0, end - at)
      this.#node.content.write(piece, at)
      at += piece.length
      if (at === end) break
    }
  }

  #assertOpen(doing: string): void {
    if (this.#isClosed) throw failed(doing, this.path, 'the file is closed')
    if (this.#life !== this.#disk.life) throw failed(doing, this.path, 'the power was cut since it was opened')
  }
}
