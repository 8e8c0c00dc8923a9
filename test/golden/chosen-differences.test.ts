/** What of the answers that differ from Apache Kafka's counts as chosen, and what does not. */
import { describe, expect, it } from 'vitest'
import { CHOSEN_DIFFERENCES, chosenOf } from '../conformance/differential/chosen-differences.ts'
import { partingsOf } from '../conformance/differential/partings.ts'
import type { Answer, Transcript } from '../conformance/differential/transcript.ts'

const JOIN = 'a JoinGroup 5 {groupId: g}'
const BEAT = 'c ConsumerGroupHeartbeat 1 {groupId: g}'

function transcript(
  ...exchanges: readonly (readonly [request: string, ...answers: readonly (readonly [step: number, text: string])[]])[]
): Transcript {
  return {
    name: 'tried',
    exchanges: exchanges.map(([request, ...answers]) => ({ request, answers: answers.map(([step, text]): Answer => ({ step, text })) })),
  }
}

const namesOf = (expected: Transcript, found: Transcript): readonly string[] | null =>
  chosenOf(partingsOf(expected, found))?.map(({ name }) => name) ?? null

describe('answers that differ', () => {
  it('are chosen when each of them is in the table', () => {
    const kafkas = transcript([JOIN], [JOIN])
    const ours = transcript([JOIN], [JOIN, [1, '{REBALANCE_IN_PROGRESS, generationId: -1}']])
    expect(namesOf(kafkas, ours)).toEqual(['an earlier request of a member that asks again is answered'])
  })

  it('are chosen for what was asked', () => {
    const join = 'c ConsumerGroupHeartbeat 1 {groupId: g, memberEpoch: 0, instanceId: i}'
    const kafkas = transcript([join, [1, '{memberEpoch: 3, assignment: {topicPartitions: {}}}']])
    const ours = transcript([join, [1, '{memberEpoch: 3, assignment: {topicPartitions: {t: 6}}}']])
    expect(namesOf(kafkas, ours)).toEqual(['a member that joins again with an instance id gets what was meant for it'])
    expect(namesOf(ours, kafkas)).toBeNull()
  })

  it.each([
    ['the other way round', transcript([JOIN, [1, '{REBALANCE_IN_PROGRESS, generationId: -1}']]), transcript([JOIN])],
    ['with another error', transcript([JOIN]), transcript([JOIN, [1, '{UNKNOWN_MEMBER_ID, generationId: -1}']])],
    [
      'beside one that is not',
      transcript([JOIN], [BEAT, [2, '{memberEpoch: 1}']]),
      transcript([JOIN], [BEAT, [1, '{REBALANCE_IN_PROGRESS, generationId: -1}'], [2, '{memberEpoch: 2}']]),
    ],
    [
      'in another field as well',
      transcript([JOIN, [1, '{generationId: 1, leader: <a>, memberId: <a>, members: []}']]),
      transcript([JOIN, [1, '{generationId: 2, leader: <b>, memberId: <a>, members: []}']]),
    ],
    [
      'in a version that the table does not name',
      transcript(['a Produce 2 {}', [1, '{OUT_OF_ORDER_SEQUENCE_NUMBER}']]),
      transcript(['a Produce 2 {}', [1, '{index: 0, baseOffset: 0}']]),
    ],
    [
      'for another request',
      transcript([BEAT, [1, '{memberEpoch: 3, assignment: {topicPartitions: {}}}']]),
      transcript([BEAT, [1, '{memberEpoch: 3, assignment: {topicPartitions: {t: 6}}}']]),
    ],
    ['already in what is asked', transcript([JOIN]), transcript([BEAT])],
  ])('are not chosen %s', (_how, kafkas, ours) => {
    expect(namesOf(kafkas, ours)).toBeNull()
  })
})

it('each chosen difference has a reason, and a scenario that shows it', () => {
  for (const { why, shownBy, versions } of CHOSEN_DIFFERENCES) {
    expect(why).not.toBe('')
    expect(shownBy.length).toBeGreaterThan(0)
    expect(versions[0]).toBeLessThanOrEqual(versions[1])
  }
})
