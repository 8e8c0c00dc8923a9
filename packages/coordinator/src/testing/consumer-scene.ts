/** Consumer groups as many tests begin with them, and what tests ask of all. */
import { ConsumerMember } from './consumer-member.ts'
import { GroupHarness } from './group-harness.ts'

export interface TwoMembers {
  readonly harness: GroupHarness
  readonly first: ConsumerMember
  readonly second: ConsumerMember
}

/** Of a group that reads `orders`; neither has joined yet. */
export function twoMembers(partitionCount = 4): TwoMembers {
  const harness = new GroupHarness()
  harness.addTopic('orders', partitionCount)
  const topics = ['orders']
  return { harness, first: new ConsumerMember(harness, 'first', { topics }), second: new ConsumerMember(harness, 'second', { topics }) }
}

/** Everybody sends heartbeats until nobody has to come back soon. */
export function converge(...members: ConsumerMember[]): void {
  for (let round = 0; round < 30; round += 1) {
    for (const member of members) member.heartbeat()
    if (members.every(({ intervalMs, epoch }) => intervalMs >= 500 && epoch === members[0]?.epoch)) return
  }
  throw new Error('the group does not converge')
}

export function groupStateOf(harness: GroupHarness, groupId = 'group'): string {
  const { groups } = harness.ask('ConsumerGroupDescribe', { groupIds: [groupId], includeAuthorizedOperations: false }, { apiVersion: 1 })
  return groups[0]?.groupState ?? ''
}
