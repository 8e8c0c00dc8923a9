/** Which segments are compacted into one: as many neighbours as one segment has room for, so that small ones do not pile up. */

export interface GroupedSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  readonly offsetIndex: { readonly count: number }
  readonly timeIndex: { readonly count: number }
}

export interface GroupLimits {
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
}

/** Index files hold offsets relative to the segment in 32 bits. */
const RELATIVE_OFFSET_MAX = 0x7fff_ffff
const OFFSET_INDEX_ENTRY_BYTES = 8
const TIME_INDEX_ENTRY_BYTES = 12

/** `endOffset` is where the last of the segments ends. A segment that is too large by itself is a group of its own. */
export function groupSegments<S extends GroupedSegment>(segments: readonly S[], endOffset: number, limits: GroupLimits): S[][] {
  const groups: S[][] = []
  let group: S[] = []
  let sizeBytes = 0
  let offsetEntries = 0
  let timeEntries = 0
  segments.forEach((segment, index) => {
    const lastOffset = (segments[index + 1]?.baseOffset ?? endOffset) - 1
    sizeBytes += segment.sizeBytes
    offsetEntries += segment.offsetIndex.count
    timeEntries += segment.timeIndex.count
    const isWithinLimits =
      sizeBytes <= limits.segmentBytes &&
      offsetEntries * OFFSET_INDEX_ENTRY_BYTES <= limits.segmentIndexBytes &&
      timeEntries * TIME_INDEX_ENTRY_BYTES <= limits.segmentIndexBytes
    // A segment without batches needs no place in the index, else a long compacted log would keep one every two billion offsets.
    const isInRange = segment.sizeBytes === 0 || lastOffset - (group[0]?.baseOffset ?? segment.baseOffset) <= RELATIVE_OFFSET_MAX
    if (group.length > 0 && isWithinLimits && isInRange) {
      group.push(segment)
      return
    }
    group = [segment]
    groups.push(group)
    sizeBytes = segment.sizeBytes
    offsetEntries = segment.offsetIndex.count
    timeEntries = segment.timeIndex.count
  })
  return groups
}
