/**
 * WriteTxnMarkers (API key 27), versions 1-2.
 *
 * Ends transactions in partitions that this broker leads. Coordinators ask for it; and so does an operator who ends a transaction that
 * nobody else will end any more (`kafka-transactions.sh abort`), with an epoch that is taken for the coordinator's: one that is older
 * than that of the partition's last marker is refused, and -1 is older than any.
 *
 * Version notes: 2 says which transaction protocol the producer speaks, and with it whether the marker's epoch is later than that of
 * the records it ends (KIP-890). Without it the epoch may be the same, so an operator need not know.
 */
import { type Encodable, type ErrorCode, writeTxnMarkersApi } from '@millrace/protocol'
import type { Decoded, writeTxnMarkersRequest, writeTxnMarkersResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { Turnstile } from '../produce/turnstile.ts'
import { type EndedTransaction, versionOf } from '../transactions/marker-writer.ts'
import { defineHandler, LATER } from './handler.ts'
import type { Handler } from './handler.ts'

type MarkerBody = Decoded<typeof writeTxnMarkersRequest>['markers'][number]
type Response = Encodable<typeof writeTxnMarkersResponse>
type TopicBody = Response['markers'][number]['topics'][number]

/** Transactions whose markers are being written for one request. */
const MARKERS_AT_ONCE = 2_000

export function writeTxnMarkersHandler(services: BrokerServices): Handler {
  return defineHandler(writeTxnMarkersApi, (request, context) => {
    const turnstile = new Turnstile(MARKERS_AT_ONCE)
    const markers = request.markers.map(async (marker) => {
      const topics = await turnstile.pass(() => writeAll(marker))
      return { producerId: marker.producerId, topics }
    })
    // Other transactions wait for what comes behind it on this connection.
    context.releaseOrder()
    Promise.all(markers).then(
      (written) => context.respond({ markers: written }),
      (error: unknown) => {
        services.logger.error('transaction markers could not be written', { error })
        context.close('internal error')
      },
    )
    return LATER
  })

  async function writeAll(marker: MarkerBody): Promise<TopicBody[]> {
    const ended = endedBy(marker)
    const topics = marker.topics.map(async ({ name, partitionIndexes }) => ({
      name,
      partitions: await Promise.all(partitionIndexes.map((index) => write(ended, name, index))),
    }))
    return Promise.all(topics)
  }

  async function write(ended: EndedTransaction, topic: string, partitionIndex: number): Promise<TopicBody['partitions'][number]> {
    const errorCode: ErrorCode = await services.transactions.markerWriter.write(ended, topic, partitionIndex)
    return { partitionIndex, errorCode }
  }
}

function endedBy({ producerId, producerEpoch, transactionResult, coordinatorEpoch, transactionVersion }: MarkerBody): EndedTransaction {
  return {
    producerId,
    producerEpoch,
    coordinatorEpoch,
    result: transactionResult ? 'commit' : 'abort',
    transactionVersion: versionOf(transactionVersion),
  }
}
