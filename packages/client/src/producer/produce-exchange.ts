/** One Produce request and its answer: batches to bytes, and the answer back to the batches. */
import {
  buildBatch,
  type Decoded,
  type Encodable,
  ERROR_CODES,
  produceApi,
  type produceRequest,
  type produceResponse,
  ZERO_UUID,
} from '@millrace/protocol'
import { asClientError, brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import type { BrokerConnection } from '../network/broker-connection.ts'
import type { ClientSettings } from '../settings.ts'
import type { BatchResult } from './outcome.ts'
import type { PartitionQueue, ProducerIdentity } from './partition-queue.ts'
import type { PendingBatch } from './pending-batch.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'

export type { BatchResult } from './outcome.ts'

/** A batch that was taken from its queue for one request. */
export interface Shipment {
  readonly queue: PartitionQueue
  readonly batch: PendingBatch
  readonly topicId: string | null
  readonly identity: ProducerIdentity | null
}

/** The last version that names topics by name; the later ones need their ids. */
const LAST_VERSION_WITH_NAMES = 12
/** How much longer than the broker we wait, so that its own time-out answer arrives. */
const ANSWER_GRACE_MS = 2_000

/** Sends the request and calls `settle` once for each shipment. Rejects, without having called it, when encoding fails. */
export async function produce(
  connection: BrokerConnection,
  shipments: readonly Shipment[],
  options: ResolvedProducerOptions,
  settings: ClientSettings,
  settle: (shipment: Shipment, result: BatchResult) => void,
): Promise<void> {
  const body = { acks: options.acks, timeoutMs: settings.requestTimeoutMs, topicData: topicData(shipments, options, settings) }
  const resultOf = await exchange(connection, shipments, body, settings)
  for (const shipment of shipments) settle(shipment, resultOf(shipment))
}

type ProduceBody = Encodable<typeof produceRequest>
type ProduceResponse = Decoded<typeof produceResponse>
type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number]

async function exchange(
  connection: BrokerConnection,
  shipments: readonly Shipment[],
  body: ProduceBody,
  settings: ClientSettings,
): Promise<(shipment: Shipment) => BatchResult> {
  const hasIds = shipments.every(({ topicId }) => topicId !== null)
  const timeoutMs = settings.requestTimeoutMs + ANSWER_GRACE_MS
  const options = hasIds ? { timeoutMs } : { timeoutMs, maxVersion: LAST_VERSION_WITH_NAMES }
  try {
    if (body.acks === 0) {
      await connection.sendOnly(produceApi, body, options)
      return () => ({ type: 'sent' })
    }
    const entries = entriesOf(await connection.request(produceApi, body, options))
    return (shipment) => resultFor(shipment, entries, connection.address)
  } catch (reason) {
    const error = asClientError(reason, CLIENT_ERROR_CODES.malformedResponse)
    return () => ({ type: 'error', error })
  }
}

/** By topic, which is the id in later versions and the name before, and partition. */
function entriesOf(response: ProduceResponse): ReadonlyMap<string, PartitionResponse> {
  const entries = new Map<string, PartitionResponse>()
  for (const topic of response.responses) {
    for (const entry of topic.partitionResponses) entries.set(`${topic.name === '' ? topic.topicId : topic.name} ${entry.index}`, entry)
  }
  return entries
}

function resultFor({ batch, topicId }: Shipment, entries: ReadonlyMap<string, PartitionResponse>, address: string): BatchResult {
  const { topic, partition } = batch
  const entry = entries.get(`${topic} ${partition}`) ?? entries.get(`${topicId} ${partition}`)
  if (entry === undefined) {
    const message = `${address} answered a produce request without a word about "${topic}" partition ${partition}`
    return { type: 'error', error: new ClientError(CLIENT_ERROR_CODES.malformedResponse, message, { topic, partition, address }) }
  }
  if (entry.errorCode === ERROR_CODES.NONE) {
    return { type: 'stored', baseOffset: entry.baseOffset, logAppendTimeMs: entry.logAppendTimeMs }
  }
  const message = entry.recordErrors[0]?.batchIndexErrorMessage ?? entry.errorMessage
  return { type: 'error', error: brokerError(entry.errorCode, { topic, partition, address }, message) }
}

function topicData(shipments: readonly Shipment[], options: ResolvedProducerOptions, settings: ClientSettings): ProduceBody['topicData'] {
  const topics = new Map<string, { name: string; topicId: string; partitionData: { index: number; records: Uint8Array }[] }>()
  for (const shipment of shipments) {
    const { topic, partition } = shipment.batch
    let entry = topics.get(topic)
    if (entry === undefined) {
      entry = { name: topic, topicId: shipment.topicId ?? ZERO_UUID, partitionData: [] }
      topics.set(topic, entry)
    }
    entry.partitionData.push({ index: partition, records: encode(shipment, options, settings) })
  }
  return [...topics.values()]
}

function encode({ batch, identity }: Shipment, options: ResolvedProducerOptions, settings: ClientSettings): Uint8Array {
  const { compression, crc32c } = settings.runtime
  return buildBatch({
    records: batch.records,
    codec: options.compression,
    compress: (codec, bytes) => compression.compress(codec, bytes, options.compressionLevel),
    ...(identity === null ? {} : identity),
    ...(batch.baseSequence === null ? {} : { baseSequence: batch.baseSequence }),
    crc32c,
  })
}
