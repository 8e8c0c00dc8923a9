/** The records that end a consumer group which has no members: one for each that may stand in the log yet. */
import type { GroupTurn } from '../group/turn.ts'
import type { ConsumerGroup } from './consumer-group.ts'

/** The last of them is what removes the group. */
export function deleteConsumerGroup(turn: GroupTurn, { groupId, targets, expressions }: ConsumerGroup): void {
  for (const memberId of targets.keys()) {
    turn.append({ type: 'consumer-group-target-assignment-member', key: { groupId, memberId }, value: null })
  }
  for (const regularExpression of expressions.keys()) {
    turn.append({ type: 'consumer-group-regular-expression', key: { groupId, regularExpression }, value: null })
  }
  turn.append({ type: 'consumer-group-target-assignment-metadata', key: { groupId }, value: null })
  turn.append({ type: 'consumer-group-metadata', key: { groupId }, value: null })
}
