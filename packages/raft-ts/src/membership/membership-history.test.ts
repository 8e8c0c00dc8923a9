/** Which membership is in force, as the log grows, is cut back and is compacted. */
import { beforeEach, describe, expect, it } from 'vitest'
import { membershipOf } from './membership.ts'
import { MembershipHistory } from './membership-history.ts'

const [one, two, three] = [membershipOf(['a']), membershipOf(['a'], ['b']), membershipOf(['a', 'b'])]

let history: MembershipHistory

beforeEach(() => {
  history = new MembershipHistory({ index: 0, membership: one }, [{ index: 5, membership: two }])
  history.append(9, three)
})

describe('the membership in force', () => {
  it('is the last one that was appended', () => {
    expect([history.inForce, history.inForceIndex]).toEqual([three, 9])
    expect([4, 5, 8, 9, 20].map((index) => history.at(index))).toEqual([one, two, two, three, three])
  })

  it('returns to the one before when the log is cut back', () => {
    history.truncateFrom(9)
    expect(history.inForce).toEqual(two)
    history.truncateFrom(1)
    expect(history.inForce).toEqual(one)
  })

  it('outlives the entry that brought it', () => {
    history.compactTo(7)
    expect([history.at(7), history.inForce]).toEqual([two, three])
    history.compactTo(30)
    expect(history.inForce).toEqual(three)
    expect(() => history.at(8)).toThrow('I16')
  })

  it('comes with a snapshot', () => {
    history.replaceBySnapshot({ index: 40, membership: two })
    expect([history.inForce, history.inForceIndex]).toEqual([two, 40])
  })

  it('counts those that are not committed', () => {
    expect([0, 5, 9].map((commitIndex) => history.countAfter(commitIndex))).toEqual([2, 1, 0])
  })
})
