/** What a leader believes about a follower, after what it hears. */
import { beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../config.ts'
import { membershipOf } from '../membership/membership.ts'
import { Progress } from './progress.ts'

const SNAPSHOT = { index: 20, term: 2, membership: membershipOf(['a']) }

let progress: Progress

const seen = (): readonly unknown[] => [progress.state, progress.matchIndex, progress.nextIndex]

beforeEach(() => {
  progress = new Progress(11, { ...DEFAULT_LIMITS, inFlightMessages: 2 })
})

describe('while it is not known where the logs agree', () => {
  it('one message is under way at a time', () => {
    expect(progress.isPaused).toBe(false)
    progress.sent(12, 100)
    expect([progress.isPaused, progress.nextIndex, progress.inFlight.messages]).toEqual([true, 11, 0])
  })

  it('an answer to a heartbeat says that the message was lost', () => {
    progress.sent(12, 100)
    progress.answeredHeartbeat()
    expect(progress.isPaused).toBe(false)
  })

  it('a rejection goes back to the hint, and not beyond what is known', () => {
    progress.rejected(10, 4)
    expect(seen()).toEqual(['probe', 0, 5])
    progress.rejected(4, 0)
    expect(seen()).toEqual(['probe', 0, 1])
  })

  it.each([
    [9, 'one that answers an older message'],
    [11, 'one that answers nothing'],
  ])('a rejection at %i changes nothing: %s', (rejectedIndex) => {
    progress.rejected(rejectedIndex, 1)
    expect(seen()).toEqual(['probe', 0, 11])
  })

  it('one that was accepted ends it', () => {
    progress.accepted(10)
    expect(seen()).toEqual(['replicate', 10, 11])
  })
})

describe('while messages follow each other', () => {
  beforeEach(() => {
    progress.accepted(10)
    progress.sent(12, 100)
    progress.sent(13, 50)
  })

  it('they are counted until they are answered', () => {
    expect([progress.nextIndex, progress.inFlight.messages, progress.inFlight.bytes, progress.inFlight.isFull]).toEqual([14, 2, 150, true])
    progress.accepted(12)
    expect([progress.inFlight.messages, progress.inFlight.bytes, progress.inFlight.isFull]).toEqual([1, 50, false])
    progress.accepted(13)
    expect([progress.inFlight.messages, progress.inFlight.bytes]).toEqual([0, 0])
  })

  it('an answer that comes late takes nothing back', () => {
    progress.accepted(13)
    progress.accepted(11)
    expect(seen()).toEqual(['replicate', 13, 14])
  })

  it('a rejection, or silence, goes back to what is known, and leaves nothing counted', () => {
    progress.rejected(13, 3)
    expect(seen()).toEqual(['probe', 10, 11])
    expect([progress.inFlight.messages, progress.inFlight.bytes]).toEqual([0, 0])
  })

  it('a rejection of what was accepted since is old', () => {
    progress.accepted(13)
    progress.rejected(13, 3)
    expect(seen()).toEqual(['replicate', 13, 14])
  })

  it('one that says it has lost entries is believed, whatever it said before', () => {
    progress.lostEntries(4)
    expect(seen()).toEqual(['probe', 0, 5])
  })
})

describe('while a snapshot is under way', () => {
  beforeEach(() => progress.sendSnapshot(SNAPSHOT))

  it('nothing else is sent', () => {
    expect(progress.isPaused).toBe(true)
    progress.answeredHeartbeat()
    progress.rejected(10, 4)
    expect([progress.isPaused, progress.state]).toEqual([true, 'snapshot'])
  })

  it('its arrival ends it', () => {
    progress.accepted(19)
    expect(progress.state).toBe('snapshot')
    progress.accepted(20)
    expect([...seen(), progress.stream]).toEqual(['replicate', 20, 21, null])
  })
})
