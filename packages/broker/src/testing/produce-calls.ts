/** Produce requests to the partitions of one topic, without the words that every test would repeat. */
import { produceApi } from '@millrace/protocol'
import type { Decoded, produceResponse } from '@millrace/protocol'
import type { BrokerFixture } from './broker-fixture.ts'
import type { Exchange } from './exchange.ts'

/** The newest version that names topics. */
export const NAMED_VERSION = 12

export interface Sent {
  readonly version?: number
  readonly acks?: number
  readonly timeoutMs?: number
  readonly topic?: string
  readonly transactionalId?: string
}

export type ProduceResult = Decoded<typeof produceResponse>['responses'][number]['partitionResponses'][number]

/** A request with these batches for partition 0 and on. */
export function produceRequest(batches: readonly (Uint8Array | null)[], { acks = -1, timeoutMs = 1000, topic = 'a', ...sent }: Sent = {}) {
  return {
    transactionalId: sent.transactionalId ?? null,
    acks,
    timeoutMs,
    topicData: [{ name: topic, partitionData: batches.map((records, index) => ({ index, records })) }],
  }
}

export function sendProduce(broker: BrokerFixture, batch: Uint8Array | null, sent: Sent = {}): Exchange<typeof produceResponse> {
  return broker.send(produceApi, sent.version ?? NAMED_VERSION, produceRequest([batch], sent))
}

/** What the partitions answer, in order. */
export async function produceAll(
  broker: BrokerFixture,
  batches: readonly (Uint8Array | null)[],
  sent: Sent = {},
): Promise<ProduceResult[]> {
  const answer = await broker.send(produceApi, sent.version ?? NAMED_VERSION, produceRequest(batches, sent)).answer()
  return answer.responses.flatMap(({ partitionResponses }) => partitionResponses)
}

export async function produce(broker: BrokerFixture, batch: Uint8Array | null, sent: Sent = {}): Promise<ProduceResult> {
  return resultOf(await sendProduce(broker, batch, sent).answer())
}

/** The only partition's part of an answer. */
export function resultOf(answer: Decoded<typeof produceResponse>): ProduceResult {
  const [result, ...others] = answer.responses.flatMap(({ partitionResponses }) => partitionResponses)
  if (result === undefined || others.length > 0) throw new Error('the answer is not for one partition')
  return result
}
