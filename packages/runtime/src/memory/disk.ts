/**
 * A disk in memory with the semantics of the real one: for embedded brokers that need not survive the process, and for
 * tests, which may ask it to be small, to fail, or to hold its syncs back.
 *
 * Owns everything that was written to it. Its files have no descriptor, so they are always sent by copying.
 */
import { invariant } from '../assert.ts'
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
import type { Random } from '../ports/random.ts'
import { type DiskFault, FaultPlan } from './faults.ts'
import { MemoryFile } from './memory-file.ts'
import { DirectoryNode, FileNode, failed, type Node, notFound, Tree } from './tree.ts'
import { UnsyncedContent } from './unsynced-content.ts'
import { UnsyncedNames } from './unsynced-names.ts'

export interface MemoryDiskOptions {
  /** Sum of the sizes of all files that the disk has room for; no bound when absent. */
  readonly capacityBytes?: number
  /** Stamps modifications; all are at time 0 when absent. */
  readonly clock?: Pick<Clock, 'now'>
  /** Keeps what `losePower` needs: the state of the device beside what was written since. */
  readonly canLosePower?: boolean
  /** What a sync of a file waits for, from when it is asked for until it is done; nothing when absent. */
  readonly untilSynced?: (path: string) => Promise<void>
}

export interface MemoryDisk extends Disk {
  /** Bytes in files that have a name or are open. */
  readonly usedBytes: number
  /** Changes the room; less than what is used only refuses further growth. */
  setCapacity(capacityBytes: number): void
  /** The next operation that fits fails. */
  failNext(fault: DiskFault): void
  /** Nothing that was asked to fail will. */
  forgetFaults(): void
  /** No sync of a file resolves before the returned function is called. */
  holdSyncs(): () => void
  /**
   * Cuts the power: of what was not synced some is lost and some is torn, as chance wants it. Files that were open can no longer
   * be used, syncs under way fail, locks are free. Only on a disk made with `canLosePower`.
   */
  losePower(random: Random): void
  /** Puts an empty device in the place of this one: nothing of it comes back when the power is cut. Nothing may be open. */
  replace(): void
  /** Changes bits of a byte that is at rest, as a failing device does: nothing notices. */
  flipBits(path: string, position: number, mask: number): void
}

export function createMemoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  return new TreeDisk(options)
}

class TreeDisk implements MemoryDisk {
  readonly faults = new FaultPlan()
  #tree = new Tree()
  readonly #locked = new Set<string>()
  readonly #now: () => number
  readonly #untilSynced: ((path: string) => Promise<void>) | undefined
  #capacityBytes: number
  #usedBytes = 0
  #heldSyncs: Promise<void> | undefined
  /** Null on a disk that never loses power. */
  readonly #unsyncedNames: UnsyncedNames | null
  /** Counts power cuts: what was open before one is worthless after it. */
  #life = 0

  constructor(options: MemoryDiskOptions) {
    this.#capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
    this.#unsyncedNames = options.canLosePower === true ? new UnsyncedNames() : null
    this.#untilSynced = options.untilSynced
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

  forgetFaults(): void {
    this.faults.clear()
  }

  holdSyncs(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#heldSyncs = promise
    return () => {
      if (this.#heldSyncs === promise) this.#heldSyncs = undefined
      resolve()
    }
  }

  get life(): number {
    return this.#life
  }

  losePower(random: Random): void {
    invariant(this.#unsyncedNames !== null, 'only a disk made with canLosePower loses power')
    this.#life++
    this.#locked.clear()
    this.#unsyncedNames.tear(random)
    this.#usedBytes = 0
    for (const node of this.#tree.files()) {
      node.isLinked = true
      node.openCount = 0
      node.unsynced?.tear(node.content, random)
      this.#usedBytes += node.content.sizeBytes
    }
  }

  replace(): void {
    this.#tree = new Tree()
    this.#usedBytes = 0
    this.#unsyncedNames?.forget()
  }

  flipBits(path: string, position: number, mask: number): void {
    const { content } = this.#tree.file(path, 'damage')
    const byte = new Uint8Array(1)
    invariant(content.read(byte, position) === 1, `${path} has no byte ${position}`)
    content.write(
      byte.map((value) => value ^ mask),
      position,
    )
  }

  open(path: string, options: OpenOptions = {}): DiskFile {
    this.faults.check('open', path)
    if (options.create !== true) return new MemoryFile(this, path, this.#tree.file(path, 'open'))
    const { parent, name } = this.#tree.place(path, 'open')
    const found = parent.children.get(name)
    if (found instanceof DirectoryNode) throw failed('open', path, 'is a directory')
    const node = found ?? this.#newFile()
    if (found === undefined) this.#put(parent, name, node)
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
    const node = this.#newFile()
    this.resize(node, content.length, path)
    node.content.write(content, 0)
    node.unsynced?.beginSync().succeeded()
    this.#put(parent, name, node)
    this.#unsyncedNames?.synced(parent)
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
    this.#tree.createDirectory(path, (parent, name) => {
      this.#unsyncedNames?.add({ directories: [parent], undo: () => parent.children.delete(name) })
    })
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
    this.#unsyncedNames?.add({
      directories: [source.parent, target.parent],
      undo: () => {
        restore(target.parent, target.name, replaced)
        source.parent.children.set(source.name, node)
      },
    })
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
    const directory = this.#tree.directory(path, 'sync directory')
    this.#unsyncedNames?.synced(directory)
  }

  lock(path: string): DiskLock {
    if (this.#locked.has(path)) throw new DiskError(DISK_ERROR_CODES.locked, path, `${path} is locked by this process`)
    this.open(path, { create: true }).close()
    this.#locked.add(path)
    let isHeld = true
    const life = this.#life
    return {
      release: () => {
        if (isHeld && life === this.#life) this.#locked.delete(path)
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
    node.unsynced?.willChange(node.content, Math.min(sizeBytes, node.content.sizeBytes), Math.max(sizeBytes, node.content.sizeBytes))
    node.content.resize(sizeBytes)
    node.modifiedMs = this.#now()
    this.#usedBytes += growth
  }

  touch(node: FileNode): void {
    node.modifiedMs = this.#now()
  }

  async untilSyncsGo(path: string): Promise<void> {
    // Syncs that are held back later do not hold back this one.
    const held = this.#heldSyncs
    await this.#untilSynced?.(path)
    await held
  }

  /** Called when a name or the last open file went: content that neither leads to is gone. */
  free(node: FileNode): void {
    if (node.isLinked || node.openCount > 0) return
    this.#usedBytes -= node.content.sizeBytes
    // A power cut may bring the name back.
    if (this.#unsyncedNames === null) node.content.resize(0)
  }

  #newFile(): FileNode {
    return new FileNode(this.#now(), this.#unsyncedNames === null ? null : new UnsyncedContent())
  }

  #put(parent: DirectoryNode, name: string, node: FileNode): void {
    const before = parent.children.get(name)
    parent.children.set(name, node)
    this.#unsyncedNames?.add({ directories: [parent], undo: () => restore(parent, name, before) })
  }

  #unlink(node: FileNode): void {
    node.isLinked = false
    this.free(node)
  }

  #remove(path: string): void {
    const { parent, name } = this.#tree.place(path, 'remove')
    this.#removeFrom(parent, name)
  }

  /** Removes what is under a directory first, one by one, as it is done on a real disk. */
  #removeFrom(parent: DirectoryNode, name: string): void {
    const node = parent.children.get(name)
    if (node instanceof DirectoryNode) for (const child of node.children.keys()) this.#removeFrom(node, child)
    parent.children.delete(name)
    this.#unsyncedNames?.add({ directories: [parent], undo: () => restore(parent, name, node) })
    if (node instanceof FileNode) this.#unlink(node)
  }

  #checkReplaceable(node: Node, replaced: Node, path: string): void {
    const isSameKind = node instanceof DirectoryNode === replaced instanceof DirectoryNode
    if (!isSameKind) throw failed('rename', path, 'the target is of another kind')
    if (replaced instanceof DirectoryNode && replaced.children.size > 0) throw failed('rename', path, 'the target is not empty')
  }
}

function restore(parent: DirectoryNode, name: string, node: Node | undefined): void {
  if (node === undefined) parent.children.delete(name)
  else parent.children.set(name, node)
}
