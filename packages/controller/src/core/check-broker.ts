/** Whether a broker is who it says it is: a request of an earlier life of it must change nothing. */
import type { BrokerImage, ClusterImage, Outcome } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { failure } from './command.ts'

/** The registered broker, or why the request is refused. */
export function checkBroker(image: ClusterImage, brokerId: number, brokerEpoch: number): BrokerImage | Outcome {
  const broker = image.brokers.get(brokerId)
  if (broker === undefined) {
    return failure(ERROR_CODES.STALE_BROKER_EPOCH, `broker ${brokerId} is not registered (any more); it has to register`)
  }
  if (broker.epoch === brokerEpoch) return broker
  const problem = `broker ${brokerId} is registered with epoch ${broker.epoch}, not ${brokerEpoch}; it has to register again`
  return failure(ERROR_CODES.STALE_BROKER_EPOCH, problem)
}
