import { membershipOf, type Message } from 'raft-ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { PeerDirectory } from './peer-directory.ts'
import { toRaftId } from './voter-id.ts'

const [ONE, TWO, THREE] = [1, 2, 3].map((nodeId) => toRaftId({ nodeId, directoryId: `${'ABC'[nodeId - 1]?.repeat(21)}A` })) as [
  string,
  string,
  string,
]

let peers: PeerDirectory

beforeEach(() => {
  peers = new PeerDirectory({ id: ONE, transport: null, configured: new Map(), registered: () => new Map(), clock: { now: () => 7 } })
  peers.onMembership(membershipOf([ONE, TWO, THREE]))
})

function hear(from: string): void {
  peers.onMessage({ type: 'pre-vote-response', from, to: ONE, term: 1, groupId: 'g', isGranted: true } as Message, 0)
}

describe('peers whose connection broke', () => {
  it('are unreachable until they are heard of again', () => {
    expect(peers.onUnreachable(TWO)).toEqual({ type: 'peer-unreachable', id: TWO })
    peers.onUnreachable(THREE)
    expect(peers.unreachable()).toEqual([2, 3])
    hear(THREE)
    expect(peers.unreachable()).toEqual([2])
  })

  it('are forgotten when they leave the group, and strangers are never known', () => {
    peers.onUnreachable(TWO)
    peers.onUnreachable('9@nobody')
    peers.onMembership(membershipOf([ONE, THREE]))
    expect(peers.unreachable()).toEqual([])
  })
})
