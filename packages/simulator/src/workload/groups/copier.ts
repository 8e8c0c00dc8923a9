/**
 * What some members do with what they read: copy it to another topic, and commit how far they have come in the same transaction (KIP-447).
 * Both count or neither does, so that each record is copied once.
 */
import { ERROR_CODES, txnOffsetCommitApi } from '@millrace/protocol'
import type { RandomStream } from '../../core/random-streams.ts'
import { Refused, type TransactionProtocol, WireProducer, type WireProducerOptions } from '../transactions/wire-producer.ts'
import { NoAnswer } from '../wire/requester.ts'
import type { GroupHistory } from './group-history.ts'
import type { GroupLine } from './group-line.ts'
import type { Committer } from './group-offsets.ts'
import type { FetchedRecord } from './partition-reader.ts'

export interface CopierOptions {
  readonly who: string
  readonly sourceTopic: string
  readonly producer: Omit<WireProducerOptions, 'protocol' | 'timeoutMs'>
  readonly random: RandomStream
  readonly line: GroupLine
  readonly history: GroupHistory
  nowMs(): number
  sometimes(state: string): void
  /** Called within a transaction: takes too long, sometimes. */
  dawdle(): Promise<void>
}

export interface Copying {
  readonly partition: number
  readonly records: readonly FetchedRecord[]
  /** After the last of them. */
  readonly nextOffset: number
  readonly committer: Committer
}

/** Somebody who died leaves a transaction open for no longer: about as long as he is a member, or longer. */
const TIMEOUTS_MS = [2_000, 6_000]
const ABORT_CHANCE = 0.1
const PROTOCOLS: readonly TransactionProtocol[] = ['first', 'second']
/** From 5 on the group needs not be added to the transaction before. */
const COMMIT_VERSIONS = { first: 3, second: 5 } as const

/** As the copy of a record is called; each group makes its own. */
export function copyOf(groupId: string, value: string): string {
  return `${groupId}/${value}`
}

export class Copier {
  readonly #options: CopierOptions
  readonly #protocol: TransactionProtocol
  readonly #timeoutMs: number
  #producer: WireProducer | null = null
  #count = 0

  constructor(options: CopierOptions) {
    this.#options = options
    this.#protocol = options.random.pick(PROTOCOLS)
    this.#timeoutMs = options.random.pick(TIMEOUTS_MS)
  }

  /** False: whether anything was copied, and where to go on, only the group's coordinator knows. */
  async copy(copying: Copying): Promise<boolean> {
    const { who, history, random, nowMs, sometimes } = this.#options
    const { partition, nextOffset } = copying
    const producer = await this.#begun()
    if (producer === null) return false
    const commit = history.offsets.sending(`${who}/copy ${(this.#count += 1)}`, partition, nextOffset, nowMs())
    const isWritten = await this.#write(producer, copying, commit.id).then(() => true, notIfRefused)
    const wanted = isWritten && !random.chance(ABORT_CHANCE) ? 'commit' : 'abort'
    const end = await producer.end(wanted)
    const isUnsure = wanted === 'commit' && end === 'maybe'
    history.offsets.ended(commit, end === 'committed' ? 'acknowledged' : isUnsure ? 'maybe' : 'refused', nowMs())
    if (end !== 'committed' && end !== 'aborted') this.#producer = null
    if (isWritten && end === 'aborted') sometimes('offsets in a transaction were given up')
    sometimes(isUnsure ? 'nobody said what became of a copy' : end === 'committed' ? 'a copy was made' : 'a copy was given up')
    return end === 'committed'
  }

  /** Shuts out the life before, with whatever it left open. */
  async #begun(): Promise<WireProducer | null> {
    if (this.#producer !== null) return this.#producer
    const producer = new WireProducer({ ...this.#options.producer, protocol: this.#protocol, timeoutMs: this.#timeoutMs })
    if (await producer.begin().then(() => true, notIfRefused)) this.#producer = producer
    return this.#producer
  }

  async #write(producer: WireProducer, { partition, records, nextOffset, committer }: Copying, id: string): Promise<void> {
    const { line, sourceTopic, history, who, nowMs, dawdle } = this.#options
    await producer.append(partition, ...records.map(({ value }) => copyOf(history.groupId, value)))
    await dawdle()
    const { memberId, epoch, instanceId } = committer
    const sentMs = nowMs()
    await producer.commitOffsets(line.groupId, async (identity) => {
      const answer = await line.ask(txnOffsetCommitApi, COMMIT_VERSIONS[this.#protocol], {
        ...identity,
        groupId: line.groupId,
        generationIdOrMemberEpoch: epoch,
        memberId,
        groupInstanceId: instanceId,
        topics: [{ name: sourceTopic, partitions: [{ partitionIndex: partition, committedOffset: nextOffset, committedMetadata: id }] }],
      })
      if (answer === null) throw new NoAnswer('no answer to TxnOffsetCommit')
      const errorCode = answer.topics[0]?.partitions[0]?.errorCode ?? ERROR_CODES.UNKNOWN_SERVER_ERROR
      line.heard(errorCode)
      return { errorCode }
    })
    history.owners.granted(who, [partition], sentMs)
    await dawdle()
  }
}

function notIfRefused(error: unknown): boolean {
  if (error instanceof Refused) return false
  throw error
}
