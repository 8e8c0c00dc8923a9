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
    if (address !== null) reachable.push({ id: broker.id, ...address, rack: broker.rack, isFenced: broker.isFenced })
  }
  return reachable.sort((left, right) => left.id - right.id)
}

/** A broker that is registered and not fenced: one that can lead. */
export function isAlive(image: ClusterImage, brokerId: number): boolean {
  const broker = image.brokers.get(brokerId)
  return broker !== undefined && !broker.isFenced
}

/** Why a client is sent away that asks this broker for what it leads by metadata that may be old. */
export const HAS_FENCED_ITSELF = 'this broker has fenced itself and does not know who leads'

/**
 * This broker serves nothing, and its metadata still has it as one that does. A client that asks it who leads what it led would be told
 * the same again and again: clients prefer the connections that they have. Hung up on, they ask another broker. Nothing else is kept from
 * them, and where the metadata has no other broker to ask, not even that.
 */
export function hasFencedItself(services: BrokerServices): boolean {
  const { nodeId, partitions, feed } = services
  const image = feed.image()
  return !partitions.isServing && isAlive(image, nodeId) && [...image.brokers.keys()].some((id) => id !== nodeId && isAlive(image, id))
}

/**
 * What clients are told is the controller: a broker, since they reach nobody else, and one that is there. Each carries
 * administrative requests to whoever decides them.
 */
export function controllerIdFor(services: BrokerServices): number {
  const image = services.feed.image()
  if (isAlive(image, services.nodeId)) return services.nodeId
  const alive = [...image.brokers.keys()].filter((id) => isAlive(image, id)).sort((left, right) => left - right)
  return alive[0] ?? NO_CONTROLLER
}

function addressOf(services: BrokerServices, broker: BrokerImage, local: Address): Address | null {
  if (broker.id === services.nodeId) return services.advertisedAddress(local)
  const [listener] = broker.listeners
  return listener === undefined ? null : { host: listener.host === '' ? local.host : listener.host, port: listener.port }
}
