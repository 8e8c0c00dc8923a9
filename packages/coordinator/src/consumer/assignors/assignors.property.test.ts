/** What all assignors promise, and what `uniform` promises beyond it, for random groups and for what becomes of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Assignment, isSameAssignment, NOTHING_ASSIGNED } from '../assignment.ts'
import type { AssignableMember, Assignor, AssignorInput } from './assignor.ts'
import { rangeAssignor } from './range.ts'
import { uniformAssignor } from './uniform.ts'

const ASSIGNORS: Readonly<Record<string, Assignor>> = { uniform: uniformAssignor, range: rangeAssignor }

const TOPICS = ['t0', 't1', 't2', 't3', 't4']
const memberIds = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 9 })
const counts = fc.array(fc.nat(13), { minLength: TOPICS.length, maxLength: TOPICS.length })

interface Shape {
  readonly ids: readonly string[]
  readonly topics: readonly (readonly string[])[]
  readonly counts: readonly number[]
}

const homogeneous: fc.Arbitrary<Shape> = fc
  .tuple(memberIds, fc.subarray(TOPICS, { minLength: 1 }), counts)
  .map(([ids, topics, partitions]) => ({ ids, topics: ids.map(() => topics), counts: partitions }))

const anyShape: fc.Arbitrary<Shape> = fc
  .tuple(memberIds, counts)
  .chain(([ids, partitions]) =>
    fc.array(fc.subarray(TOPICS), { minLength: ids.length, maxLength: ids.length }).map((topics) => ({ ids, topics, counts: partitions })),
  )

function inputOf(shape: Shape, previous: ReadonlyMap<string, Assignment> = new Map()): AssignorInput {
  return {
    members: shape.ids.map(
      (memberId, index): AssignableMember => ({
        memberId,
        instanceId: null,
        topicIds: shape.topics[index] ?? [],
        previous: previous.get(memberId) ?? NOTHING_ASSIGNED,
      }),
    ),
    partitionCounts: new Map(TOPICS.map((topicId, index) => [topicId, shape.counts[index] ?? 0])),
  }
}

function loadOf(assignment: Assignment | undefined): number {
  return [...(assignment ?? NOTHING_ASSIGNED).values()].reduce((sum, partitions) => sum + partitions.length, 0)
}

function ownersOf(assigned: ReadonlyMap<string, Assignment>): Map<string, string> {
  const owners = new Map<string, string>()
  for (const [memberId, assignment] of assigned) {
    for (const [topicId, partitions] of assignment) {
      for (const partition of partitions) {
        expect(owners.has(`${topicId}-${partition}`)).toBe(false)
        owners.set(`${topicId}-${partition}`, memberId)
      }
    }
  }
  return owners
}

function expectComplete(input: AssignorInput, assigned: ReadonlyMap<string, Assignment>): void {
  const owners = ownersOf(assigned)
  const subscribed = new Map(input.members.map(({ memberId, topicIds }) => [memberId, new Set(topicIds)]))
  let expected = 0
  for (const [topicId, count] of input.partitionCounts) {
    if (![...subscribed.values()].some((topics) => topics.has(topicId))) continue
    expected += count
    for (let partition = 0; partition < count; partition += 1) {
      const owner = owners.get(`${topicId}-${partition}`)
      expect(owner, `${topicId}-${partition}`).toBeDefined()
      expect(subscribed.get(owner as string)?.has(topicId)).toBe(true)
    }
  }
  expect(owners.size).toBe(expected)
  for (const assignment of assigned.values()) {
    for (const partitions of assignment.values()) {
      expect(partitions.length).toBeGreaterThan(0)
      expect(partitions).toEqual(partitions.toSorted((left, right) => left - right))
    }
  }
}

/** Nobody could take a partition from somebody who would still not have less. */
function expectLevel(input: AssignorInput, assigned: ReadonlyMap<string, Assignment>): void {
  for (const taker of input.members) {
    for (const [memberId, assignment] of assigned) {
      if (![...assignment.keys()].some((topicId) => taker.topicIds.includes(topicId))) continue
      expect(loadOf(assignment) - loadOf(assigned.get(taker.memberId)), `${memberId} to ${taker.memberId}`).toBeLessThanOrEqual(1)
    }
  }
}

function moved(before: ReadonlyMap<string, Assignment>, after: ReadonlyMap<string, Assignment>): number {
  const owners = ownersOf(before)
  let count = 0
  for (const [partition, owner] of ownersOf(after)) if (owners.has(partition) && owners.get(partition) !== owner) count += 1
  return count
}

describe.each(Object.entries(ASSIGNORS))('%s', (_, assign) => {
  it('assigns every partition that somebody subscribes to once, to a subscriber, before and after any change', () => {
    fc.assert(
      fc.property(anyShape, anyShape, (first, second) => {
        const before = assign(inputOf(first))
        expectComplete(inputOf(first), before)
        const after = inputOf(second, before)
        expectComplete(after, assign(after))
      }),
    )
  })

  it('gives the same whatever the order of members, topics and earlier assignments', () => {
    fc.assert(
      fc.property(anyShape, anyShape, (first, second) => {
        const input = inputOf(second, assign(inputOf(first)))
        const reversed: AssignorInput = {
          members: input.members.toReversed().map((member) => ({
            ...member,
            topicIds: member.topicIds.toReversed(),
            previous: new Map([...member.previous].reverse()),
          })),
          partitionCounts: new Map([...input.partitionCounts].reverse()),
        }
        const [left, right] = [assign(input), assign(reversed)]
        for (const { memberId } of input.members) {
          expect(isSameAssignment(left.get(memberId) ?? NOTHING_ASSIGNED, right.get(memberId) ?? NOTHING_ASSIGNED)).toBe(true)
        }
      }),
    )
  })

  it('gives a static member that comes back under another member id what it had', () => {
    const members = ['a', 'b', 'c'].map((memberId, index) => ({
      memberId,
      instanceId: `instance-${index}`,
      topicIds: TOPICS,
      previous: NOTHING_ASSIGNED,
    }))
    const partitionCounts = new Map(TOPICS.map((topicId) => [topicId, 7]))
    const before = assign({ members, partitionCounts })
    const after = assign({
      members: members.map((member) => ({
        ...member,
        memberId: member.memberId === 'b' ? 'zz' : member.memberId,
        previous: before.get(member.memberId) ?? NOTHING_ASSIGNED,
      })),
      partitionCounts,
    })
    expect(after.get('zz')).toEqual(before.get('b'))
    expect(after.get('a')).toEqual(before.get('a'))
  })
})

describe('uniform', () => {
  it('leaves no two members with a difference that moving one partition would make smaller', () => {
    fc.assert(
      fc.property(anyShape, anyShape, (first, second) => {
        const before = uniformAssignor(inputOf(first))
        expectLevel(inputOf(first), before)
        const after = inputOf(second, before)
        expectLevel(after, uniformAssignor(after))
      }),
    )
  })

  it('changes nothing when nothing has changed', () => {
    fc.assert(
      fc.property(anyShape, (shape) => {
        const before = uniformAssignor(inputOf(shape))
        expect(uniformAssignor(inputOf(shape, before))).toEqual(before)
      }),
    )
  })

  it('moves no partition more than the new shares ask for, when all subscribe to the same', () => {
    fc.assert(
      fc.property(homogeneous, memberIds, (shape, ids) => {
        const before = uniformAssignor(inputOf(shape))
        const next = { ...shape, ids, topics: ids.map(() => shape.topics[0] ?? []) }
        const after = uniformAssignor(inputOf(next, before))
        const total = ids.reduce((sum, memberId) => sum + loadOf(after.get(memberId)), 0)
        const least = Math.floor(total / ids.length)
        const loads = ids.map((memberId) => loadOf(before.get(memberId)))
        const above = loads.filter((load) => load > least).length
        const forced = loads.reduce((sum, load) => sum + Math.max(0, load - least), 0) - Math.min(above, total % ids.length)
        expect(moved(restrictTo(before, ids), after)).toBe(forced)
      }),
    )
  })

  it('spreads every topic over the members of a new group', () => {
    const shape: Shape = { ids: ['a', 'b', 'c', 'd'], topics: Array.from({ length: 4 }, () => TOPICS), counts: [4, 8, 12, 4, 8] }
    for (const assignment of uniformAssignor(inputOf(shape)).values()) {
      expect(TOPICS.map((topicId) => assignment.get(topicId)?.length)).toEqual([1, 2, 3, 1, 2])
    }
  })

  it('takes from all topics alike when somebody joins', () => {
    const topics = TOPICS.slice(0, 4)
    const alone: Shape = { ids: ['a'], topics: [topics], counts: [6, 6, 6, 6] }
    const both: Shape = { ids: ['a', 'b'], topics: [topics, topics], counts: [6, 6, 6, 6] }
    const after = uniformAssignor(inputOf(both, uniformAssignor(inputOf(alone))))
    expect(topics.map((topicId) => after.get('b')?.get(topicId)?.length)).toEqual([3, 3, 3, 3])
  })
})

describe('range', () => {
  it('cuts topics of equally many partitions alike', () => {
    const shape: Shape = { ids: ['a', 'b', 'c'], topics: Array.from({ length: 3 }, () => TOPICS), counts: [7, 7, 2, 0, 7] }
    const assigned = rangeAssignor(inputOf(shape))
    expect(assigned.get('a')).toEqual(
      new Map([
        ['t0', [0, 1, 2]],
        ['t1', [0, 1, 2]],
        ['t2', [0]],
        ['t4', [0, 1, 2]],
      ]),
    )
    expect(assigned.get('c')).toEqual(
      new Map([
        ['t0', [5, 6]],
        ['t1', [5, 6]],
        ['t4', [5, 6]],
      ]),
    )
  })
})

function restrictTo(assigned: ReadonlyMap<string, Assignment>, ids: readonly string[]): ReadonlyMap<string, Assignment> {
  return new Map([...assigned].filter(([memberId]) => ids.includes(memberId)))
}
