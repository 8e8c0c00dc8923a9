/** Names in a memory disk: directories, and files that live on while they are open even after their name is gone. */
import { DISK_ERROR_CODES, DiskError } from '../ports/disk.ts'
import { FileContent } from './file-content.ts'
import type { UnsyncedContent } from './unsynced-content.ts'

export class FileNode {
  readonly content = new FileContent()
  /** What a power cut would take; null on a disk that never loses power. */
  readonly unsynced: UnsyncedContent | null
  modifiedMs: number
  /** Whether a name leads here. */
  isLinked = true
  openCount = 0

  constructor(modifiedMs: number, unsynced: UnsyncedContent | null) {
    this.modifiedMs = modifiedMs
    this.unsynced = unsynced
  }
}

export class DirectoryNode {
  readonly children = new Map<string, FileNode | DirectoryNode>()
}

export type Node = FileNode | DirectoryNode

export class Tree {
  readonly #root = new DirectoryNode()

  find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of namesOf(path)) {
      if (!(node instanceof DirectoryNode)) return undefined
      node = node.children.get(name)
    }
    return node
  }

  /** All files that a name leads to. */
  *files(from: DirectoryNode = this.#root): Iterable<FileNode> {
    for (const node of from.children.values()) {
      if (node instanceof FileNode) yield node
      else yield* this.files(node)
    }
  }

  directory(path: string, doing: string): DirectoryNode {
    const node = this.find(path)
    if (node === undefined) throw notFound(doing, path)
    if (!(node instanceof DirectoryNode)) throw failed(doing, path, 'not a directory')
    return node
  }

  file(path: string, doing: string): FileNode {
    const node = this.find(path)
    if (node === undefined) throw notFound(doing, path)
    if (!(node instanceof FileNode)) throw failed(doing, path, 'is a directory')
    return node
  }

  /** The directory that holds the last name of `path`, and that name. */
  place(path: string, doing: string): { readonly parent: DirectoryNode; readonly name: string } {
    const names = namesOf(path)
    const name = names.pop()
    if (name === undefined) throw failed(doing, path, 'not the path of a file')
    let node: Node = this.#root
    for (const step of names) {
      const next: Node | undefined = node instanceof DirectoryNode ? node.children.get(step) : undefined
      if (next === undefined) throw notFound(doing, path)
      node = next
    }
    if (!(node instanceof DirectoryNode)) throw failed(doing, path, 'not a directory')
    return { parent: node, name }
  }

  /** Calls `onCreated` for each directory that was not there. */
  createDirectory(path: string, onCreated: (parent: DirectoryNode, name: string) => void): void {
    let node = this.#root
    for (const name of namesOf(path)) {
      let next = node.children.get(name)
      if (next === undefined) {
        next = new DirectoryNode()
        node.children.set(name, next)
        onCreated(node, name)
      }
      if (!(next instanceof DirectoryNode)) throw failed('create directory', path, 'a file has that name')
      node = next
    }
  }
}

export function notFound(doing: string, path: string): DiskError {
  return new DiskError(DISK_ERROR_CODES.notFound, path, `cannot ${doing} ${path}: no such file or directory`)
}

export function failed(doing: string, path: string, reason: string): DiskError {
  return new DiskError(DISK_ERROR_CODES.failed, path, `cannot ${doing} ${path}: ${reason}`)
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}
