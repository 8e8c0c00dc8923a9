/**
 * Names in a log directory. A partition is a directory `topic-partition`; a segment is a family of files named by its base
 * offset in 20 digits; a producer snapshot is named by the offset after the last record that it covers.
 */
const OFFSET_DIGITS = 20

export const SEGMENT_SUFFIXES = {
  log: '.log',
  offsetIndex: '.index',
  timeIndex: '.timeindex',
  transactionIndex: '.txnindex',
  snapshot: '.snapshot',
} as const

export type SegmentSuffix = (typeof SEGMENT_SUFFIXES)[keyof typeof SEGMENT_SUFFIXES]

/** The states that a segment's file passes through besides being in use. */
export const FILE_STATES = {
  /** Waits for its last readers, then goes. */
  deleted: '.deleted',
  /** Output of a compaction under way: worthless after a crash. */
  cleaned: '.cleaned',
  /** Complete output of a compaction that is about to take its place: put in place after a crash. */
  swap: '.swap',
} as const

export type FileState = (typeof FILE_STATES)[keyof typeof FILE_STATES]

export interface SegmentFileName {
  readonly offset: number
  readonly suffix: SegmentSuffix
  /** Empty while in use. */
  readonly state: FileState | ''
}

const SEGMENT_FILE = /^(\d{20})(\.log|\.index|\.timeindex|\.txnindex|\.snapshot)(\.deleted|\.cleaned|\.swap)?$/

export function segmentFileName(offset: number, suffix: SegmentSuffix, state: FileState | '' = ''): string {
  return `${String(offset).padStart(OFFSET_DIGITS, '0')}${suffix}${state}`
}

/** The path of the same file of a segment in another state, whatever state it is in now. */
export function pathInState(path: string, state: FileState | ''): string {
  const current = Object.values(FILE_STATES).find((other) => path.endsWith(other)) ?? ''
  return path.slice(0, path.length - current.length) + state
}

/** Null for a file that belongs to no segment. */
export function parseSegmentFileName(name: string): SegmentFileName | null {
  const match = SEGMENT_FILE.exec(name)
  if (match === null) return null
  const offset = Number(match[1])
  if (!Number.isSafeInteger(offset)) return null
  return { offset, suffix: match[2] as SegmentSuffix, state: (match[3] ?? '') as FileState | '' }
}

export interface PartitionName {
  readonly topic: string
  readonly partition: number
}

/** A directory that is no partition's in use: to be removed, or set aside for people to look at. */
export const PARTITION_STATES = { delete: '-delete', stray: '-stray' } as const

const PARTITION_DIRECTORY = /^([A-Za-z0-9._-]+)-(\d{1,10})$/
const LEFT_DIRECTORY = /^[A-Za-z0-9._-]+\.[0-9a-f]{32}-(delete|stray|future)$/

export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Null for a directory that is not a partition in use. */
export function parsePartitionDirectoryName(name: string): PartitionName | null {
  if (LEFT_DIRECTORY.test(name)) return null
  const match = PARTITION_DIRECTORY.exec(name)
  if (match === null || match[1] === undefined) return null
  const partition = Number(match[2])
  return partition <= 0x7fffffff ? { topic: match[1], partition } : null
}

const NAME_BYTES_MAX = 255

/** The name under which a partition directory waits for its removal (`-delete`) or for a person (`-stray`). */
export function leftDirectoryName(topic: string, partition: number, uniqueHex: string, state: '-delete' | '-stray'): string {
  const end = `-${partition}.${uniqueHex}${state}`
  return topic.slice(0, NAME_BYTES_MAX - end.length) + end
}

export function isDeletedPartitionDirectory(name: string): boolean {
  return LEFT_DIRECTORY.exec(name)?.[1] === 'delete'
}
