/** Reads partitions of one topic from any offset on, one Fetch at a time. */
import {
  BATCH_HEADER_BYTES,
  batchCrc,
  batchLastOffset,
  batchSizeInBytes,
  checkedBytes,
  ERROR_CODES,
  fetchApi,
  isControl,
  readRecords,
} from '@millrace/protocol'
import type { Runtime } from '@millrace/runtime'
import { idOf } from '../history.ts'
import { LeaderFinder, type LeaderFinderOptions } from '../wire/leader-finder.ts'
import { NoAnswer } from '../wire/requester.ts'

export interface FetchedRecord {
  readonly offset: number
  readonly value: string
}

interface Fetched {
  readonly records: readonly FetchedRecord[]
  readonly nextOffset: number
}

const WAIT_MS = 20
const MAX_BYTES = 8_192
const DECOMPRESSED_BYTES_MAX = 16 * 1_048_576

export class PartitionReader {
  readonly #runtime: Runtime
  readonly #options: LeaderFinderOptions
  readonly #leaders: LeaderFinder

  constructor(runtime: Runtime, options: LeaderFinderOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#leaders = new LeaderFinder(options)
  }

  /** Null when nobody who leads the partition answers, or with records that have rotted. */
  async read(partition: number, fromOffset: number): Promise<Fetched | null> {
    const { requester, topic } = this.#options
    const asked = { partition, fetchOffset: fromOffset, partitionMaxBytes: MAX_BYTES }
    const request = {
      maxWaitMs: WAIT_MS,
      minBytes: 1,
      maxBytes: MAX_BYTES,
      isolationLevel: 1,
      topics: [{ topic, partitions: [asked] }],
      forgottenTopicsData: [],
    }
    try {
      const { responses } = await requester.ask(await this.#leaders.find(partition), fetchApi, 11, request)
      const found = responses[0]?.partitions[0]
      const fetched = found?.errorCode === ERROR_CODES.NONE ? this.#recordsOf(found.records ?? new Uint8Array(0), fromOffset) : null
      if (fetched !== null) return fetched
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
    }
    this.#leaders.forget()
    return null
  }

  #recordsOf(bytes: Uint8Array, fromOffset: number): Fetched | null {
    const { compression, crc32c } = this.#runtime
    const text = new TextDecoder()
    const records: FetchedRecord[] = []
    let nextOffset = fromOffset
    for (
      let at = 0;
      bytes.length - at >= BATCH_HEADER_BYTES && bytes.length - at >= batchSizeInBytes(bytes, at);
      at += batchSizeInBytes(bytes, at)
    ) {
      if (crc32c(checkedBytes(bytes, at)) !== batchCrc(bytes, at)) return null
      nextOffset = batchLastOffset(bytes, at) + 1
      if (isControl(bytes, at)) continue
      for (const { offset, value } of readRecords(bytes, at, (type, packed) =>
        compression.decompress(type, packed, DECOMPRESSED_BYTES_MAX),
      )) {
        if (offset >= fromOffset) records.push({ offset, value: idOf(text.decode(value ?? new Uint8Array(0))) })
      }
    }
    return { records, nextOffset }
  }
}
