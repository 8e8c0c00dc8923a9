/**
 * A disk in memory with the semantics of the real one: for embedded brokers that need not survive the process, and for
 * tests, which may ask it to be small, to fail, or to hold its syncs back.
 *
 * Owns everything that was written to it. Its files have no descriptor, so they are always sent by copying.
 */
import type { Clock } from '../ports/clock.ts'
import {
  DISK_ERROR_CODES,
  DiskError,
  type DirectoryEntry,
  type Disk,
  type DiskFile,
  type DiskLock,
  type FileStatus,
  type OpenOptions,
} from '../ports/disk.ts'
import { type DiskFault, FaultPlan, faultError } from './faults.ts'
import { DirectoryNode, FileNode, failed, type Node, notFound, Tree } from './tree.ts'

export interface MemoryDiskOptions {
  /** Sum of the sizes of all files that the disk has room for; no bound when absent. */
  readonly capacityBytes?: number
  /** Stamps modifications; all are at time 0 when absent. */
  readonly clock?: Pick<Clock, 'now'>
}

export interface MemoryDisk extends Disk {
  /** Bytes in files that have a name or are open. */
  readonly usedBytes: number
  /** Changes the room; less than what is used only refuses further growth. */
  setCapacity(capacityBytes: number): void
  /** The next operation that fits fails. */
  failNext(fault: DiskFault): void
  /** No sync of a file resolves before the returned function is called. */
  holdSyncs(): () => void
}

export function createMemoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  return new TreeDisk(options)
}

class TreeDisk implements MemoryDisk {
  readonly faults = new FaultPlan()
  readonly #tree = new Tree()
  readonly #locked = new Set<string>()
  readonly #now: () => number
  #capacityBytes: number
  #usedBytes = 0
  #heldSyncs: Promise<void> | undefined

  constructor(options: MemoryDiskOptions) {
    this.#capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
    const { clock } = options
    this.#now = clock === undefined ? () => 0 : () => clock.now()
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  setCapacity(capacityBytes: number): void {
    this.#capacityBytes = capacityBytes
  }

  failNext(fault: DiskFault): void {
    this.faults.add(fault)
  }

  holdSyncs(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#heldSyncs = promise
    return () => {
      if (this.#heldSyncs === promise) this.#heldSyncs = undefined
      resolve()
    }
  }

  open(path: string, options: OpenOptions = {}): DiskFile {
    this.faults.check('open', path)
    if (options.create !== true) return new MemoryFile(this, path, this.#tree.file(path, 'open'))
    const { parent, name } = this.#tree.place(path, 'open')
    const found = parent.children.get(name)
    if (found instanceof DirectoryNode) throw failed('open', path, 'is a directory')
    const node = found ?? new FileNode(this.#now())
    parent.children.set(name, node)
    return new MemoryFile(this, path, node)
  }

  readFile(path: string): Uint8Array {
    this.faults.check('read', path)
    const { content } = this.#tree.file(path, 'read')
    const bytes = new Uint8Array(content.sizeBytes)
    content.read(bytes, 0)
    return bytes
  }

  async replaceFile(path: string, content: Uint8Array): Promise<void> {
    this.faults.check('replaceFile', path)
    const { parent, name } = this.#tree.place(path, 'replace')
    const before = parent.children.get(name)
    if (before instanceof DirectoryNode) throw failed('replace', path, 'is a directory')
    const node = new FileNode(this.#now())
    this.resize(node, content.length, path)
    node.content.write(content, 0)
    parent.children.set(name, node)
    if (before !== undefined) this.#unlink(before)
  }

  list(directory: string): readonly DirectoryEntry[] {
    const entries = [...this.#tree.directory(directory, 'list').children]
    return entries.map(([name, node]) => ({ name, isDirectory: node instanceof DirectoryNode })).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  stat(path: string): FileStatus | null {
    const node = this.#tree.find(path)
    if (node === undefined) return null
    if (node instanceof DirectoryNode) return { sizeBytes: 0, modifiedMs: 0, isDirectory: true }
    return { sizeBytes: node.content.sizeBytes, modifiedMs: node.modifiedMs, isDirectory: false }
  }

  createDirectory(path: string): void {
    this.#tree.createDirectory(path)
  }

  rename(from: string, to: string): void {
    this.faults.check('rename', from)
    const source = this.#tree.place(from, 'rename')
    const target = this.#tree.place(to, 'rename')
    const node = source.parent.children.get(source.name)
    if (node === undefined) throw notFound('rename', from)
    const replaced = target.parent.children.get(target.name)
    if (replaced === node) return
    if (replaced !== undefined) this.#checkReplaceable(node, replaced, from)
    source.parent.children.delete(source.name)
    target.parent.children.set(target.name, node)
    if (replaced instanceof FileNode) this.#unlink(replaced)
  }

  removeFile(path: string): void {
    const node = this.#tree.find(path)
    if (node === undefined) return
    if (node instanceof DirectoryNode) throw failed('remove', path, 'is a directory')
    this.#remove(path)
  }

  removeDirectory(path: string): void {
    if (this.#tree.find(path) !== undefined) this.#remove(path)
  }

  async syncDirectory(path: string): Promise<void> {
    this.faults.check('syncDirectory', path)
    this.#tree.directory(path, 'sync directory')
  }

  lock(path: string): DiskLock {
    if (this.#locked.has(path)) throw new DiskError(DISK_ERROR_CODES.locked, path, `${path} is locked by this process`)
    this.open(path, { create: true }).close()
    this.#locked.add(path)
    let isHeld = true
    return {
      release: () => {
        if (isHeld) this.#locked.delete(path)
        isHeld = false
      },
    }
  }

  space(_path: string): { readonly freeBytes: number; readonly totalBytes: number } | null {
    if (this.#capacityBytes === Number.POSITIVE_INFINITY) return null
    return { freeBytes: Math.max(0, this.#capacityBytes - this.#usedBytes), totalBytes: this.#capacityBytes }
  }

  /** Bytes by which a file may still grow. */
  get freeBytes(): number {
    return Math.max(0, this.#capacityBytes - this.#usedBytes)
  }

  resize(node: FileNode, sizeBytes: number, path: string): void {
    const growth = sizeBytes - node.content.sizeBytes
    if (growth > this.freeBytes) throw new DiskError(DISK_ERROR_CODES.full, path, `cannot write ${path}: the disk is full`)
    node.content.resize(sizeBytes)
    node.modifiedMs = this.#now()
    this.#usedBytes += growth
  }

  touch(node: FileNode): void {
    node.modifiedMs = this.#now()
  }

  async untilSyncsGo(): Promise<void> {
    await this.#heldSyncs
  }

  /** Called when a name or the last open file went: content that neither leads to is gone. */
  free(node: FileNode): void {
    if (node.isLinked || node.openCount > 0) return
    this.#usedBytes -= node.content.sizeBytes
    node.content.resize(0)
  }

  #unlink(node: FileNode): void {
    node.isLinked = false
    this.free(node)
  }

  #remove(path: string): void {
    const { parent, name } = this.#tree.place(path, 'remove')
    const node = parent.children.get(name)
    parent.children.delete(name)
    if (node !== undefined) this.#unlinkAll(node)
  }

  #unlinkAll(node: Node): void {
    if (node instanceof FileNode) this.#unlink(node)
    else for (const child of node.children.values()) this.#unlinkAll(child)
  }

  #checkReplaceable(node: Node, replaced: Node, path: string): void {
    const isSameKind = node instanceof DirectoryNode === replaced instanceof DirectoryNode
    if (!isSameKind) throw failed('rename', path, 'the target is of another kind')
    if (replaced instanceof DirectoryNode && replaced.children.size > 0) throw failed('rename', path, 'the target is not empty')
  }
}

class MemoryFile implements DiskFile {
  readonly path: string
  readonly descriptor: null = null
  readonly #disk: TreeDisk
  readonly #node: FileNode
  #isClosed = false

  constructor(disk: TreeDisk, path: string, node: FileNode) {
    this.path = path
    this.#disk = disk
    this.#node = node
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
    await this.#disk.untilSyncsGo()
    this.#disk.faults.check('sync', this.path)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#node.openCount--
    this.#disk.free(this.#node)
  }

  #writeUpTo(chunks: readonly Uint8Array[], position: number, limitBytes: number): void {
    if (limitBytes === 0) return
    const end = position + limitBytes
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
  }
}
