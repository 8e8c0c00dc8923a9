/**
 * The segments of a log in the order of their offsets. The last one is active: the only one that is appended to.
 *
 * Invariant: there is at least one segment, and base offsets ascend strictly.
 */
import { invariant } from '@millrace/runtime'
import type { Segment } from './segment.ts'

export class SegmentList implements Iterable<Segment> {
  #segments: Segment[]

  constructor(segments: readonly Segment[]) {
    invariant(segments.length > 0, 'a log has a segment')
    this.#segments = [...segments]
  }

  [Symbol.iterator](): IterableIterator<Segment> {
    return this.#segments.values()
  }

  get count(): number {
    return this.#segments.length
  }

  get first(): Segment {
    return this.#segments[0] as Segment
  }

  get active(): Segment {
    return this.#segments.at(-1) as Segment
  }

  get sizeInBytes(): number {
    let size = 0
    for (const segment of this.#segments) size += segment.sizeBytes
    return size
  }

  /** The segment that would hold `offset`: the last one that begins at or before it, or the first. */
  floor(offset: number): Segment {
    const segments = this.#segments
    let low = 0
    let high = segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((segments[middle] as Segment).baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return segments[low] as Segment
  }

  after(segment: Segment): Segment | null {
    return this.#segments[this.#segments.indexOf(segment) + 1] ?? null
  }

  /** Where the offsets of a segment end: those of a closed one where the next begins. */
  endOffsetOf(segment: Segment, logEndOffset: number): number {
    return this.after(segment)?.baseOffset ?? logEndOffset
  }

  add(segment: Segment): void {
    invariant(segment.baseOffset > this.active.baseOffset, 'base offsets ascend')
    this.#segments.push(segment)
  }

  remove(segment: Segment): void {
    invariant(this.#segments.length > 1, 'a log keeps a segment')
    const at = this.#segments.indexOf(segment)
    if (at >= 0) this.#segments.splice(at, 1)
  }

  /** Removes all after `segment`, which becomes the active one. Returns them, the last one first. */
  cutAfter(segment: Segment): readonly Segment[] {
    const at = this.#segments.indexOf(segment)
    invariant(at >= 0, 'the segment that the log is cut in is its own')
    return this.#segments.splice(at + 1).reverse()
  }

  /** Puts segments in the place of others, which follow each other. */
  replace(replaced: readonly Segment[], replacements: readonly Segment[]): void {
    const at = this.#segments.indexOf(replaced[0] as Segment)
    invariant(at >= 0 && replaced.every((segment, index) => this.#segments[at + index] === segment), 'replaced segments follow each other')
    this.#segments.splice(at, replaced.length, ...replacements)
    invariant(this.#segments.length > 0, 'a log has a segment')
  }
}
