import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { MetadataRecord } from '../records/metadata-record.ts'
import { applyRecords } from './apply-records.ts'
import { type ClusterImage, emptyImage } from './cluster-image.ts'
import { imageDelta } from './image-delta.ts'
import { imageRecords } from './image-records.ts'

const NAMES = ['a', 'b', 'c']
const BROKERS = [1, 2, 3]

/** A step of chance, as a batch that fits the image; it may be empty. */
function batchOf(image: ClusterImage, step: number, choice: number): MetadataRecord[] {
  const name = NAMES[choice % NAMES.length] as string
  const brokerId = BROKERS[choice % BROKERS.length] as number
  const topic = image.topics.get(name)
  const broker = image.brokers.get(brokerId)
  const partition = (topicId: string, index: number): MetadataRecord => ({
    type: 'partition',
    topicId,
    partition: index,
    replicas: [1, 2],
    isr: [1, 2],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    recoveryState: 'recovered',
  })
  switch (choice % 8) {
    case 0:
      if (topic !== undefined) return [{ type: 'remove-topic', topicId: topic.id }]
      return [{ type: 'topic', topicId: `id-${step}`, name }, partition(`id-${step}`, 0), partition(`id-${step}`, 1)]
    case 1:
      return topic === undefined ? [] : [partition(topic.id, topic.partitions.length)]
    case 2:
      return topic === undefined ? [] : [{ type: 'partition-change', topicId: topic.id, partition: choice % 2, leader: 2 }]
    case 3:
      return [
        {
          type: 'register-broker',
          brokerId,
          brokerEpoch: -1,
          incarnationId: `${step}`,
          listeners: [],
          rack: null,
          directoryIds: [],
          features: [],
          isFenced: true,
          isInControlledShutdown: false,
        },
      ]
    case 4:
      return broker === undefined
        ? []
        : [{ type: 'broker-registration-change', brokerId, brokerEpoch: broker.epoch, isFenced: choice > 50 }]
    case 5:
      return broker === undefined ? [] : [{ type: 'unregister-broker', brokerId, brokerEpoch: broker.epoch }]
    case 6:
      if (topic === undefined) {
        const resource =
          choice > 50 ? ({ resourceType: 'broker', resourceName: '' } as const) : ({ resourceType: 'group', resourceName: name } as const)
        return [{ type: 'config', ...resource, name: 'x', value: `${choice}` }]
      }
      return [{ type: 'config', resourceType: 'topic', resourceName: name, name: 'x', value: choice > 50 ? null : `${choice}` }]
    default:
      return [
        { type: 'feature-level', name, level: choice % 3 },
        { type: 'producer-ids', brokerId, brokerEpoch: 0, nextProducerId: image.nextProducerId + (choice % 2) },
      ]
  }
}

function play(image: ClusterImage, choices: readonly number[], first: number): ClusterImage {
  let current = image
  for (const [index, choice] of choices.entries()) {
    const offset = current.offset + 1
    current = applyRecords(current, batchOf(current, first + index, choice), { offset, epoch: 1 }).image
  }
  return current
}

/** The same image with nothing shared, as a snapshot would bring it. */
function copyOf(image: ClusterImage): ClusterImage {
  return {
    ...applyRecords(emptyImage('cluster'), [...imageRecords(image)], { offset: image.offset, epoch: 1 }).image,
    offset: image.offset,
  }
}

it('names exactly what differs between two images, however many batches lie between them', () => {
  const choices = fc.array(fc.nat(99), { maxLength: 30 })
  fc.assert(
    fc.property(choices, choices, (early, late) => {
      const before = play(emptyImage('cluster'), early, 0)
      const after = play(before, late, early.length)
      for (const [from, to] of [
        [before, after],
        [copyOf(before), copyOf(after)],
      ] as const) {
        const delta = imageDelta(from, to)
        for (const id of BROKERS) {
          expect(delta.brokers.has(id)).toBe(JSON.stringify(from.brokers.get(id)) !== JSON.stringify(to.brokers.get(id)))
        }
        const ids = [...new Set([...from.topics, ...to.topics].map(({ id }) => id))]
        for (const id of ids) {
          const [old, now] = [from.topics.getById(id) ?? null, to.topics.getById(id) ?? null]
          const changed = JSON.stringify(old) !== JSON.stringify(now)
          expect(delta.topics.has(id)).toBe(changed)
          if (changed) expect(delta.topics.get(id)).toMatchObject({ before: old, after: now })
        }
        for (const [id, { partitions }] of delta.topics) {
          const [old, now] = [from.topics.getById(id)?.partitions ?? [], to.topics.getById(id)?.partitions ?? []]
          const differing = [...now.keys()].filter((index) => JSON.stringify(old[index]) !== JSON.stringify(now[index]))
          expect([...partitions]).toEqual(differing)
        }
        for (const type of ['topic', 'broker'] as const) {
          for (const name of [...NAMES, '']) {
            const changed = JSON.stringify([...from.configs.get(type, name)]) !== JSON.stringify([...to.configs.get(type, name)])
            expect(delta.configs.some((resource) => resource.type === type && resource.name === name)).toBe(changed)
          }
        }
        expect(delta.featuresChanged).toBe(NAMES.some((name) => from.features.get(name) !== to.features.get(name)))
        expect(delta.producerIdsChanged).toBe(from.nextProducerId !== to.nextProducerId)
      }
    }),
    { numRuns: 300 },
  )
})

it('is empty between an image and its copy', () => {
  const image = play(
    emptyImage('cluster'),
    Array.from({ length: 40 }, (_, index) => index),
    0,
  )
  expect(imageDelta(image, copyOf(image))).toEqual({
    topics: new Map(),
    configs: [],
    brokers: new Set(),
    featuresChanged: false,
    producerIdsChanged: false,
  })
})
