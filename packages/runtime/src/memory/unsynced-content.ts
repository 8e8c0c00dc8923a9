/**
 * What of a file is not on the device yet: for each page that was changed since the last sync, what the device still holds.
 *
 * A power cut may leave any mixture of the old and the new, sector by sector, and any size between the two; what was extended
 * and did not arrive reads as zeros.
 */
import type { Random } from '../ports/random.ts'
import type { FileContent } from './file-content.ts'

const PAGE_BYTES = 4096
/** Devices write this much as one. */
const SECTOR_BYTES = 512

/** Changes between the beginnings of two syncs. */
interface Generation {
  readonly sizeBytes: number
  /** Pages as they were before, as far as the file went then. */
  readonly pages: Map<number, Uint8Array>
}

/** How a sync under way ends. */
export interface SyncUnderWay {
  succeeded(): void
  failed(): void
}

export class UnsyncedContent {
  /** Oldest first. The device holds what comes out when all are undone, newest first. */
  readonly #generations: Generation[] = []
  /** How many generations went before `#generations`. */
  #syncedCount = 0
  /** Whether changes still belong to the last generation: no sync began since. */
  #isLastOpen = false
  /**
   * What a failed sync was to save: the system takes it for written, so no later sync carries it to the device, unless it is
   * written once more. Older than all generations.
   */
  readonly #lostPages = new Map<number, Uint8Array>()
  /** The size on the device where a failed sync was to change it; null where it is known there. */
  #lostSizeBytes: number | null = null

  /** To be called before bytes in `[from, to)` change, or the size comes to lie there. */
  willChange(content: FileContent, from: number, to: number): void {
    if (!this.#isLastOpen) {
      this.#generations.push({ sizeBytes: content.sizeBytes, pages: new Map() })
      this.#isLastOpen = true
    }
    const { pages } = this.#generations.at(-1) as Generation
    for (let page = Math.floor(from / PAGE_BYTES); page * PAGE_BYTES < to; page += 1) {
      if (!pages.has(page)) pages.set(page, read(content, page * PAGE_BYTES, PAGE_BYTES))
    }
  }

  beginSync(): SyncUnderWay {
    this.#isLastOpen = false
    const count = this.#syncedCount + this.#generations.length
    /** Those that another sync has not dealt with meanwhile. */
    const take = (): readonly Generation[] => {
      const taken = this.#generations.splice(0, Math.max(0, count - this.#syncedCount))
      this.#syncedCount += taken.length
      return taken
    }
    return {
      succeeded: () => {
        for (const { pages } of take()) for (const page of pages.keys()) this.#lostPages.delete(page)
        if (this.#lostPages.size === 0) this.#lostSizeBytes = null
      },
      failed: () => {
        for (const { sizeBytes, pages } of take()) {
          this.#lostSizeBytes ??= sizeBytes
          for (const [page, bytes] of pages) if (!this.#lostPages.has(page)) this.#lostPages.set(page, bytes)
        }
      },
    }
  }

  /** Leaves what a power cut may leave, and takes that for synced. */
  tear(content: FileContent, random: Random): void {
    const sizeBytes = this.#lostSizeBytes ?? this.#generations[0]?.sizeBytes ?? content.sizeBytes
    const sectors = this.#deviceSectors(content)
    if (sectors.length > 0 || sizeBytes !== content.sizeBytes) mix(content, sectors, sizeBytes, random)
    this.#generations.length = 0
    this.#lostPages.clear()
    this.#lostSizeBytes = null
    this.#isLastOpen = false
  }

  /** What the device holds of the changed pages, by position. */
  #deviceSectors(content: FileContent): readonly Sector[] {
    const pages = new Map<number, Uint8Array>()
    for (const generation of this.#generations.toReversed()) for (const [page, bytes] of generation.pages) pages.set(page, bytes)
    for (const [page, bytes] of this.#lostPages) pages.set(page, bytes)
    const sectors: Sector[] = []
    for (const [page, bytes] of [...pages].sort(([a], [b]) => a - b)) {
      for (let at = 0; at < PAGE_BYTES; at += SECTOR_BYTES) {
        const position = page * PAGE_BYTES + at
        sectors.push({ position, before: bytes.subarray(at, at + SECTOR_BYTES), after: read(content, position, SECTOR_BYTES) })
      }
    }
    return sectors
  }
}

interface Sector {
  readonly position: number
  readonly before: Uint8Array
  readonly after: Uint8Array
}

function mix(content: FileContent, sectors: readonly Sector[], sizeBefore: number, random: Random): void {
  const sizeAfter = content.sizeBytes
  const keep = keptSectors(sectors.length, random)
  const sizes = [sizeBefore, sizeAfter, Math.min(sizeBefore, sizeAfter) + (random.uint32() % (Math.abs(sizeAfter - sizeBefore) + 1))]
  content.resize(Math.max(sizeBefore, sizeAfter))
  sectors.forEach(({ position, before, after }, index) => {
    const room = Math.max(0, Math.min(SECTOR_BYTES, content.sizeBytes - position))
    const sector = new Uint8Array(room)
    sector.set((keep(index) ? after : before).subarray(0, room))
    content.write(sector, position)
  })
  content.resize(sizes[random.uint32() % sizes.length] as number)
}

/** Nothing, everything, the first ones, or any of them. */
function keptSectors(count: number, random: Random): (index: number) => boolean {
  switch (random.uint32() % 4) {
    case 0:
      return () => false
    case 1:
      return () => true
    case 2: {
      const end = random.uint32() % (count + 1)
      return (index) => index < end
    }
    default:
      return () => random.uint32() % 2 === 0
  }
}

function read(content: FileContent, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, content.sizeBytes - position)))
  content.read(bytes, position)
  return bytes
}
