/**
 * An idempotent producer whose batches overtake each other. Several are on their way at a time, each over a connection of its own, and
 * what was not answered is sent again, perhaps before the first attempt arrives. Whoever leads has to keep them in order and each of
 * them once. A library, which keeps to one connection, asks for that only when something goes wrong.
 */
import { buildBatch, ERROR_CODES, initProducerIdApi, isRetriable, produceApi } from '@millrace/protocol'
import type { Address, Runtime } from '@millrace/runtime'
import type { RandomStream } from '../core/random-streams.ts'
import type { World } from '../world/world.ts'
import type { History, SentRecord } from './history.ts'
import { SendWindow } from './send-window.ts'
import { LeaderFinder } from './wire/leader-finder.ts'
import { NoAnswer, Requester } from './wire/requester.ts'

export interface OvertakingOptions {
  readonly world: World
  readonly runtime: Runtime
  readonly name: string
  readonly brokers: readonly Address[]
  readonly topic: string
  readonly partitions: number
  readonly sendEveryMs: number
  readonly history: History
  readonly random: RandomStream
  readonly onAcknowledged: (partition: number, offset: number, value: string) => void
  readonly isOver: () => boolean
}

const LANES = 5
const AGAIN_AFTER_MS = 60
const OUT_OF_ORDER_PAUSE_MS = 20
const VERSIONS = { init: 4, produce: 11 } as const
const { NONE, OUT_OF_ORDER_SEQUENCE_NUMBER } = ERROR_CODES

interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

interface Outcome {
  readonly errorCode: number
  readonly baseOffset: number
}

/** One connection to each broker. */
interface Lane {
  readonly requester: Requester
  readonly leaders: LeaderFinder
}

/** Sends until it is over, and resolves when nothing is on its way any more. */
export async function overtake(options: OvertakingOptions): Promise<void> {
  const { world, runtime, name, brokers, topic, partitions, sendEveryMs, history, random, isOver } = options
  const lanes = Array.from({ length: LANES }, (): Lane => {
    const requester = new Requester(runtime, name)
    return { requester, leaders: new LeaderFinder({ requester, brokers, random, topic }) }
  })
  const windows = Array.from({ length: partitions }, () => new SendWindow())
  const underWay = new Set<Promise<void>>()
  const identity = await identify(lanes[0] as Lane, options)
  while (identity !== null && !isOver()) {
    const partition = random.below(partitions)
    const window = windows[partition] as SendWindow
    const sequence = window.take()
    if (sequence !== null) {
      const value = `${name}:${partition}:${sequence}`
      const sent = { producer: name, isIdempotent: true, acks: 'all', partition, sequence, value, sentMs: world.scheduler.nowMs } as const
      const record = history.sending(sent)
      const delivery = deliver(record, identity, lanes, options).then((isAnswered) => {
        if (isAnswered) window.answered(sequence)
        underWay.delete(delivery)
      })
      underWay.add(delivery)
    }
    await world.sleep(random.within(0, 2 * sendEveryMs))
  }
  await Promise.all(underWay)
  for (const { requester } of lanes) requester.close()
}

/** Null when it was over before somebody gave one. */
async function identify({ requester }: Lane, { world, random, brokers, isOver }: OvertakingOptions): Promise<ProducerIdentity | null> {
  while (!isOver()) {
    const request = { transactionalId: null, transactionTimeoutMs: 60_000 }
    const answer = await orNull(requester.ask(random.pick(brokers), initProducerIdApi, VERSIONS.init, request))
    if (answer?.errorCode === NONE) return answer
    await world.sleep(AGAIN_AFTER_MS)
  }
  return null
}

/** Each attempt over any of the connections. False: nobody answered before it was over. */
async function deliver(
  record: SentRecord,
  identity: ProducerIdentity,
  lanes: readonly Lane[],
  options: OvertakingOptions,
): Promise<boolean> {
  const { world, random, onAcknowledged, isOver } = options
  while (!isOver()) {
    const lane = random.pick(lanes)
    const outcome = await orNull(attempt(record, identity, lane, options))
    if (outcome?.errorCode === NONE) {
      record.outcome = 'acknowledged'
      record.offset = outcome.baseOffset
      onAcknowledged(record.partition, outcome.baseOffset, record.value)
      return true
    }
    if (outcome?.errorCode === OUT_OF_ORDER_SEQUENCE_NUMBER) {
      world.sometimes('a batch of an idempotent producer overtook another')
      await world.sleep(OUT_OF_ORDER_PAUSE_MS)
      continue
    }
    if (outcome !== null && !isRetriable(outcome.errorCode)) {
      world.violate('once and in order', `"${record.value}" was refused: ${outcome.errorCode}`)
      return false
    }
    lane.leaders.forget()
    await world.sleep(AGAIN_AFTER_MS)
  }
  record.outcome = 'maybe'
  return false
}

async function attempt(
  { partition, sequence, value }: SentRecord,
  { producerId, producerEpoch }: ProducerIdentity,
  { requester, leaders }: Lane,
  { runtime, topic }: OvertakingOptions,
): Promise<Outcome> {
  const records = buildBatch({
    records: [{ timestamp: runtime.clock.now(), key: null, value: new TextEncoder().encode(value), headers: [] }],
    producerId,
    producerEpoch,
    baseSequence: sequence,
    crc32c: runtime.crc32c,
  })
  const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }]
  const request = { transactionalId: null, acks: -1, timeoutMs: 3_000, topicData }
  const { responses } = await requester.ask(await leaders.find(partition), produceApi, VERSIONS.produce, request)
  return responses[0]?.partitionResponses[0] ?? { errorCode: ERROR_CODES.UNKNOWN_SERVER_ERROR, baseOffset: -1 }
}

/** Null: nobody knows whether it was done. */
function orNull<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch((error: unknown) => {
    if (error instanceof NoAnswer) return null
    throw error
  })
}
