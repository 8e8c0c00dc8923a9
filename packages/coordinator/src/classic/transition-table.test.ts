/** Brings a group to each state, lets each event happen, and looks into the table for what is to come of it. */
import { readFileSync } from 'node:fs'
import { errorName, type ErrorCode } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { ClassicScene, type Membership, REBALANCE_MS, SESSION_MS } from '../testing/classic-scene.ts'
import type { ReplyToken } from '../machine.ts'
import { ClassicGroup } from './classic-group.ts'
import { assertInvariants } from './invariants.ts'
import { TABLE_EVENTS, type TableEvent, type TableState, TRANSITIONS } from './transition-table.ts'

const STATES: readonly TableState[] = ['Dead', 'Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable']
const INSTANCE = 'one'

class Stage {
  readonly scene = new ClassicScene()
  leader: Membership = { memberId: 'leader', generationId: 3 }
  follower: Membership = { memberId: 'follower', generationId: 3, groupInstanceId: INSTANCE }

  constructor(state: TableState) {
    if (state === 'Dead') return
    const { scene } = this
    const [leader, follower] = scene.stableGroup([{}, { groupInstanceId: INSTANCE }]) as [Membership, Membership]
    Object.assign(this, { leader, follower })
    if (state === 'Empty') scene.leave(leader.memberId, follower.memberId)
    if (state === 'PreparingRebalance' || state === 'CompletingRebalance') scene.sendJoin({ memberId: leader.memberId })
    if (state === 'CompletingRebalance') {
      this.#joinFollower()
      this.leader = { ...leader, generationId: 2 }
      this.follower = { ...follower, generationId: 2 }
    }
  }

  get state(): TableState {
    return this.scene.describeGroup().groupState as TableState
  }

  #joinFollower(topics: readonly string[] = ['orders']): ReplyToken {
    const { memberId } = this.follower
    return this.scene.sendJoin({ memberId, groupInstanceId: INSTANCE, protocols: { range: topics } })
  }

  /** Gives how whoever asks is answered, if anybody does. */
  happen(event: TableEvent): string | null {
    const { scene, leader, follower } = this
    const earlier = { ...follower, generationId: follower.generationId - 1 }
    switch (event) {
      case 'a newcomer joins':
        return this.#joined(scene.sendJoin({ apiVersion: 3 }))
      case 'a newcomer asks for an id':
        return this.#joined(scene.sendJoin())
      case 'a newcomer of another type joins':
        return this.#joined(scene.sendJoin({ apiVersion: 3, protocolType: 'connect' }))
      case 'the leader joins again':
        return this.#joined(scene.sendJoin({ memberId: leader.memberId }))
      case 'the follower joins again':
        return this.#joined(this.#joinFollower())
      case 'the follower joins again and reads something else':
        return this.#joined(this.#joinFollower(['invoices']))
      case 'the follower comes back as a static member does':
        return this.#joined(scene.sendJoin({ groupInstanceId: INSTANCE }))
      case 'the leader syncs':
        return this.#synced(scene.sendSync(leader))
      case 'the follower syncs':
        return this.#synced(scene.sendSync(follower))
      case 'the follower syncs in an earlier generation':
        return this.#synced(scene.sendSync(earlier))
      case 'the follower sends a heartbeat':
        return nameOf(scene.heartbeat(follower))
      case 'the follower sends one in an earlier generation':
        return nameOf(scene.heartbeat(earlier))
      case 'the follower commits':
        return nameOf(scene.commit(follower))
      case 'somebody commits who is no member':
        return nameOf(scene.commit())
      case 'the follower commits in a transaction':
        return nameOf(scene.commitInTransaction(7, follower))
      case 'the follower leaves':
        return nameOf(scene.leave(follower.memberId)[0])
      case 'all members leave':
        return nameOf(scene.leave(follower.memberId, leader.memberId)[0])
      case 'the follower is not heard of':
        return this.#pass(SESSION_MS, [leader])
      case 'the time to join or to sync is over':
        return this.#pass(REBALANCE_MS, [leader, follower])
      case 'the group is deleted':
        return nameOf(scene.ask('DeleteGroups', { groupsNames: ['g'] }, { apiVersion: 2 }).results[0]?.errorCode)
      case 'the coordinator moves':
        scene.failOver()
        return null
    }
  }

  /** Time passes, in which the given members are heard of. */
  #pass(ms: number, heard: readonly Membership[]): null {
    for (let passedMs = 0; passedMs < ms; passedMs += SESSION_MS / 2) {
      for (const member of heard) this.scene.heartbeat(member)
      this.scene.advance(SESSION_MS / 2)
    }
    return null
  }

  #joined(token: ReplyToken): string {
    return answered(this.scene.joined(token))
  }

  #synced(token: ReplyToken): string {
    return answered(this.scene.synced(token))
  }
}

function answered(answer: { readonly errorCode: number } | undefined): string {
  return answer === undefined ? 'waits' : nameOf(answer.errorCode)
}

function nameOf(errorCode: number | undefined): string {
  return errorName(errorCode as ErrorCode)
}

describe.each(TABLE_EVENTS)('%s', (event) => {
  it.each(STATES)('in %s', (state) => {
    const stage = new Stage(state)
    expect(stage.state).toBe(state)
    const answer = stage.happen(event)
    const found = answer === null ? stage.state : `${answer}, ${stage.state}`
    expect(found).toBe(TRANSITIONS[event][state])
    const group = stage.scene.coordinator.state.groups.get('g')
    if (group instanceof ClassicGroup) assertInvariants(group.state)
  })
})

it('is the table of the specification', () => {
  const specification = readFileSync(new URL('../../../../docs/spec/classic-groups.md', import.meta.url), 'utf8')
  const rows = TABLE_EVENTS.map((event) => `| ${[event, ...STATES.map((state) => TRANSITIONS[event][state])].join(' | ')} |`)
  expect(rows.filter((row) => !specification.includes(`${row}\n`))).toEqual([])
})
