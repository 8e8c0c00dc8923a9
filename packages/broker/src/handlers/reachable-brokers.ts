/**
 * The brokers of the cluster as a client is told of them. It is told where it reached this one; of the others it gets what they
 * registered, and where one of them registered no host, the host that worked for this one.
 */
import type { BrokerImage, ClusterImage } from '@millrace/metadata'
import type { Address } from '@millrace/runtime'
import type { BrokerServices } from '../broker-services.ts'

const NO_CONTROLLER = -1

export interface ReachableBroker {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isFenced: boolean
}

/** By id. `local` is the address that the client connected to. */
export function reachableBrokers(services: BrokerServices, local: Address): ReachableBroker[] {
  const reachable: ReachableBroker[] = []
  for (const broker of services.feed.image().brokers.values()) {
    const address = addressOf(services, broker, local)
    if (address !== null) reachable.push({ id: broker.id, ...address, rack: broker.rack, isFenced: !isAlive(services, broker.id) })
  }
  return reachable.sort((left, right) => left.id - right.id)
}

/**
 * A broker that is registered and not fenced: one that can lead. This one is not while it has fenced itself, which its metadata
 * cannot know: clients that were still told of it would ask it again and again, and never those who lead by now. Only where there
 * is no other broker to ask does it go by the metadata alone.
 */
export function isAlive(services: BrokerServices, brokerId: number): boolean {
  const image = services.feed.image()
  if (!isUnfenced(image, brokerId)) return false
  if (brokerId !== services.nodeId || services.partitions.isServing) return true
  return ![...image.brokers.keys()].some((id) => id !== brokerId && isUnfenced(image, id))
}

function isUnfenced(image: ClusterImage, brokerId: number): boolean {
  return image.brokers.get(brokerId)?.isFenced === false
}

/**
 * What clients are told is the controller: a broker, since they reach nobody else, and one that is there. Each carries
 * administrative requests to whoever decides them.
 */
export function controllerIdFor(services: BrokerServices): number {
  if (isAlive(services, services.nodeId)) return services.nodeId
  const alive = [...services.feed.image().brokers.keys()].filter((id) => isAlive(services, id)).sort((left, right) => left - right)
  return alive[0] ?? NO_CONTROLLER
}

function addressOf(services: BrokerServices, broker: BrokerImage, local: Address): Address | null {
  if (broker.id === services.nodeId) return services.advertisedAddress(local)
  const [listener] = broker.listeners
  return listener === undefined ? null : { host: listener.host === '' ? local.host : listener.host, port: listener.port }
}
