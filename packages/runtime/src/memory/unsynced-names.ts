/**
 * Creations, renames and removals that are not on the device yet, because their directory was not synced since.
 *
 * A power cut undoes the newest of each directory, as a file system with a journal does: never a change that is older than
 * one that stays, and a move between two directories in both or in neither.
 */
import type { Random } from '../ports/random.ts'
import type { DirectoryNode } from './tree.ts'

export interface NameChange {
  readonly directories: readonly DirectoryNode[]
  undo(): void
}

export class UnsyncedNames {
  /** Oldest first. */
  #changes: NameChange[] = []

  add(change: NameChange): void {
    this.#changes.push(change)
  }

  /** What happened in this directory is on the device now, with all that it rests on. */
  synced(directory: DirectoryNode): void {
    const directories = new Set([directory])
    const kept: NameChange[] = []
    for (const change of this.#changes.toReversed()) {
      if (!change.directories.some((touched) => directories.has(touched))) kept.push(change)
      else for (const touched of change.directories) directories.add(touched)
    }
    this.#changes = kept.reverse()
  }

  /** The device that they were of is gone. */
  forget(): void {
    this.#changes = []
  }

  /** Undoes what a power cut may undo, and takes the rest for synced. */
  tear(random: Random): void {
    const undone = new Set<DirectoryNode>()
    const lost: NameChange[] = []
    // Mostly all or nothing is interesting: what was forgotten to be synced, or what was not expected to be there.
    const chance = [0, 1, 4][random.uint32() % 3] as number
    for (const change of this.#changes) {
      const isLost = change.directories.some((directory) => undone.has(directory)) || random.uint32() % 4 < chance
      if (!isLost) continue
      lost.push(change)
      for (const directory of change.directories) undone.add(directory)
    }
    for (const change of lost.reverse()) change.undo()
    this.#changes = []
  }
}
