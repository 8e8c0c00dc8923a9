/**
 * An image as the shortest list of records that makes it out of nothing: the content of a snapshot. The order is canonical,
 * so equal images give equal lists, and two nodes can be compared by comparing these.
 */
import type { ConfigResourceType, MetadataRecord } from '../records/metadata-record.ts'
import type { ClusterImage } from './cluster-image.ts'

export function* imageRecords(image: ClusterImage): Generator<MetadataRecord, undefined> {
  for (const [name, level] of [...image.features].sort(byKey)) yield { type: 'feature-level', name, level }
  for (const broker of [...image.brokers.values()].sort((left, right) => left.id - right.id)) {
    const { id, epoch, ...registration } = broker
    yield { type: 'register-broker', brokerId: id, brokerEpoch: epoch, ...registration }
  }
  for (const controller of [...image.controllers.values()].sort((left, right) => left.id - right.id)) {
    const { id, ...endpoint } = controller
    yield { type: 'register-controller', nodeId: id, ...endpoint }
  }
  for (const topic of [...image.topics].sort((left, right) => compare(left.name, right.name))) {
    yield { type: 'topic', topicId: topic.id, name: topic.name }
    for (const [partition, state] of topic.partitions.entries()) {
      yield { type: 'partition', topicId: topic.id, partition, ...state }
    }
  }
  yield* configRecords(image, 'broker')
  yield* configRecords(image, 'topic')
  yield* configRecords(image, 'group')
  if (image.nextProducerId > 0) {
    yield { type: 'producer-ids', brokerId: -1, brokerEpoch: -1, nextProducerId: image.nextProducerId }
  }
  return undefined
}

function* configRecords(image: ClusterImage, resourceType: ConfigResourceType): Generator<MetadataRecord, undefined> {
  for (const resourceName of [...image.configs.resourceNames(resourceType)].sort(compare)) {
    for (const [name, value] of [...image.configs.get(resourceType, resourceName)].sort(byKey)) {
      yield { type: 'config', resourceType, resourceName, name, value }
    }
  }
  return undefined
}

function byKey(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return compare(left[0], right[0])
}

/** By code units: the same on every machine, whatever its locale. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
