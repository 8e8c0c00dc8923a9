/**
 * What a voter must never forget: its term and whom it voted for, and beside it how far its log is known to reach.
 *
 * The file has room for two generations of that, each in two copies:
 *
 * | position | what                                |
 * | -------- | ----------------------------------- |
 * | 0        | generations with an even number     |
 * | 4096     | the same again                      |
 * | 8192     | generations with an odd number      |
 * | 12288    | the same again                      |
 *
 * A new generation is written over the older one, both copies at once, and synced. A write that is cut spoils only what nobody
 * was told of yet; a sector that rots later leaves the other copy. Only where both copies of the newest generation are bad is
 * the one before it believed, for that is what a cut write leaves.
 *
 * A copy is 4096 bytes:
 *
 * | bytes | what                                     |
 * | ----- | ---------------------------------------- |
 * | 8     | "MILLVOTE"                               |
 * | 4     | CRC-32C of all that follows but zeros    |
 * | 4     | version of this format: 1                |
 * | 8     | generation                               |
 * | 4     | size of what follows                     |
 * | n     | see `stateSchema`; then zeros to the end |
 *
 * To change it: tagged fields for what old builds may ignore, a new version for everything else.
 */
import { bool, type Decoded, decodeMessage, defineMessage, encodeMessage, int32, int64, string } from '@millrace/protocol'
import { type Disk, type DiskFile, invariant } from '@millrace/runtime'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, newerVersion } from '../errors.ts'

export const VOTE_FILE = 'quorum-state'

const COPY_BYTES = 4096
const COPIES = 2
const GENERATIONS = 2
const MAGIC = new TextEncoder().encode('MILLVOTE')
const FORMAT_VERSION = 1
const CRC_POSITION = 8
const VERSION_POSITION = 12
const GENERATION_POSITION = 16
const SIZE_POSITION = 24
const BODY_POSITION = 28

const stateSchema = defineMessage({
  name: 'QuorumState',
  validVersions: '0',
  flexibleVersions: '0+',
  fields: {
    clusterId: string('0+'),
    nodeId: int32('0+'),
    directoryId: string('0+'),
    term: int64('0+'),
    votedFor: string('0+', { nullable: '0+' }),
    commitHint: int64('0+'),
    durableHint: int64('0+'),
    isRecovering: bool('0+'),
    installingIndex: int64('0+'),
  },
})

/**
 * `commitHint`, `durableHint`: up to these indexes entries were committed, and durable here; both may lag. `isRecovering`: the
 * node lacks what it may have lost. `installingIndex`: a snapshot up to this index is taking the log's place; 0 when none is.
 */
export type QuorumState = Decoded<typeof stateSchema>

type Crc32c = (bytes: Uint8Array) => number

export class VoteFile {
  readonly #file: DiskFile
  readonly #crc32c: Crc32c
  #generation: number
  #state: QuorumState

  private constructor(file: DiskFile, crc32c: Crc32c, generation: number, state: QuorumState) {
    this.#file = file
    this.#crc32c = crc32c
    this.#generation = generation
    this.#state = state
  }

  /** Makes the file, durable as a whole. */
  static async create(disk: Disk, path: string, state: QuorumState, crc32c: Crc32c): Promise<void> {
    const bytes = new Uint8Array(GENERATIONS * COPIES * COPY_BYTES)
    for (const generation of [0, 1]) bytes.set(encodeGeneration(generation, state, crc32c), positionOf(generation))
    await disk.replaceFile(path, bytes)
  }

  /**
   * Rejects with a `MetadataStorageError` when no copy is whole, and with what `check` throws. What is read is durable when this
   * resolves.
   */
  static async open(disk: Disk, path: string, crc32c: Crc32c, check: (state: QuorumState) => void = () => {}): Promise<VoteFile> {
    const newest = newestOf(disk.readFile(path), path, crc32c)
    check(newest.state)
    const file = disk.open(path)
    try {
      const voteFile = new VoteFile(file, crc32c, newest.generation, newest.state)
      // A process that was killed may have left what no power cut would.
      await voteFile.write(newest.state)
      return voteFile
    } catch (error) {
      file.close()
      throw error
    }
  }

  get state(): QuorumState {
    return this.#state
  }

  /** Durable when it resolves. A failure is final: nobody knows what the disk holds. One call at a time. */
  async write(state: QuorumState): Promise<void> {
    const generation = this.#generation + 1
    this.#file.writeSync([encodeGeneration(generation, state, this.#crc32c)], positionOf(generation))
    await this.#file.sync()
    this.#generation = generation
    this.#state = state
  }

  close(): void {
    this.#file.close()
  }
}

function positionOf(generation: number): number {
  return (generation % GENERATIONS) * COPIES * COPY_BYTES
}

/** Both copies, one after the other. */
function encodeGeneration(generation: number, state: QuorumState, crc32c: Crc32c): Uint8Array {
  const body = encodeMessage(stateSchema, 0, state)
  invariant(BODY_POSITION + body.length <= COPY_BYTES, 'a vote fits its place', { sizeBytes: body.length })
  const bytes = new Uint8Array(COPIES * COPY_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setInt32(VERSION_POSITION, FORMAT_VERSION)
  view.setBigInt64(GENERATION_POSITION, BigInt(generation))
  view.setInt32(SIZE_POSITION, body.length)
  bytes.set(body, BODY_POSITION)
  view.setUint32(CRC_POSITION, crc32c(bytes.subarray(VERSION_POSITION, BODY_POSITION + body.length)))
  bytes.copyWithin(COPY_BYTES, 0, COPY_BYTES)
  return bytes
}

interface Copy {
  readonly generation: number
  readonly state: QuorumState
}

function newestOf(bytes: Uint8Array, path: string, crc32c: Crc32c): Copy {
  let newest: Copy | null = null
  for (let position = 0; position + COPY_BYTES <= bytes.length; position += COPY_BYTES) {
    const copy = decodeCopy(bytes.subarray(position, position + COPY_BYTES), path, crc32c)
    if (copy !== null && (newest === null || copy.generation > newest.generation)) newest = copy
  }
  if (newest !== null) return newest
  throw new MetadataStorageError(
    METADATA_STORAGE_ERROR_CODES.voteLost,
    `no copy in ${path} is whole, so it is not known what this controller voted for and it must not vote again; ` +
      'remove it from the quorum, format its data directory anew and add it again; ' +
      'if it is the only controller, restore the directory from a backup',
  )
}

function decodeCopy(copy: Uint8Array, path: string, crc32c: Crc32c): Copy | null {
  const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength)
  if (MAGIC.some((byte, index) => copy[index] !== byte)) return null
  const end = BODY_POSITION + view.getInt32(SIZE_POSITION)
  if (end < BODY_POSITION || end > COPY_BYTES) return null
  if (view.getUint32(CRC_POSITION) !== crc32c(copy.subarray(VERSION_POSITION, end))) return null
  const version = view.getInt32(VERSION_POSITION)
  if (version > FORMAT_VERSION) throw newerVersion(path, `it has format version ${version}, this build reads ${FORMAT_VERSION}`)
  const state = decodeMessage(stateSchema, 0, copy.subarray(BODY_POSITION, end))
  return { generation: Number(view.getBigInt64(GENERATION_POSITION)), state }
}
