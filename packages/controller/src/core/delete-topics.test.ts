import { errorName } from '@millrace/protocol'
import { expect, it } from 'vitest'
import { createTopics } from './create-topics.ts'
import { deleteTopics } from './delete-topics.ts'
import { TestCluster } from './testing/cluster.ts'

const byName = (name: string) => ({ name, topicId: null })
const byId = (topicId: string) => ({ name: null, topicId })

function clusterWith(names: readonly string[], fromFile: Record<string, string> = {}): TestCluster {
  const cluster = new TestCluster([{ id: 1 }], fromFile)
  const topics = names.map((name) => ({ name, partitionCount: 1, replicationFactor: 1, assignments: [], configs: [] }))
  cluster.run(createTopics, { topics, validateOnly: false })
  return cluster
}

it('deletes by name and by id, and answers with both', () => {
  const cluster = clusterWith(['a', 'b', 'c'])
  const idOf = (name: string) => cluster.image.topics.get(name)?.id ?? ''
  const [idA, idB] = [idOf('a'), idOf('b')]
  expect(cluster.run(deleteTopics, { topics: [byName('a'), byId(idB)] })).toEqual([
    { name: 'a', topicId: idA, errorCode: 0, errorMessage: null },
    { name: 'b', topicId: idB, errorCode: 0, errorMessage: null },
  ])
  expect([...cluster.image.topics].map(({ name }) => name)).toEqual(['c'])
})

it.each([
  ['an unknown name', [byName('x')], ['UNKNOWN_TOPIC_OR_PARTITION']],
  ['an unknown id', [byId('x')], ['UNKNOWN_TOPIC_ID']],
  ['a name twice', [byName('a'), byName('a')], ['INVALID_REQUEST', 'INVALID_REQUEST']],
  ['neither name nor id', [{ name: null, topicId: null }], ['INVALID_REQUEST']],
  ['both name and id', [{ name: 'a', topicId: 'x' }], ['INVALID_REQUEST']],
])('refuses %s', (_what, topics, errors) => {
  const cluster = clusterWith(['a'])
  const before = cluster.image
  expect(cluster.run(deleteTopics, { topics }).map(({ errorCode }) => errorName(errorCode))).toEqual(errors)
  expect(cluster.image).toBe(before)
})

it('refuses a topic that is named once and meant once more by its id', () => {
  const cluster = clusterWith(['a'])
  const id = cluster.image.topics.get('a')?.id ?? ''
  const outcomes = cluster.run(deleteTopics, { topics: [byName('a'), byId(id)] })
  expect(outcomes.map(({ errorCode }) => errorName(errorCode))).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
})

it('deletes nothing when deleting is disabled', () => {
  const cluster = clusterWith(['a'], { 'delete.topic.enable': 'false' })
  const outcomes = cluster.run(deleteTopics, { topics: [byName('a'), byName('x')] })
  expect(outcomes.map(({ errorCode }) => errorName(errorCode))).toEqual(['TOPIC_DELETION_DISABLED', 'UNKNOWN_TOPIC_OR_PARTITION'])
  expect(cluster.image.topics.size).toBe(1)
})
