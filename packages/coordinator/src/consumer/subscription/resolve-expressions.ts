/**
 * Keeps the topics that the group's regular expressions stand for. They are stored, so that a new coordinator assigns what the old one
 * did, and looked up anew when a member brings an expression and when topics have changed.
 *
 * Kafka looks also every ten minutes, because what a client may describe can change without the topics changing.
 */
import type { GroupTurn } from '../../group/turn.ts'
import type { ConsumerGroup } from '../consumer-group.ts'
import { ExpressionError } from './expression-syntax.ts'
import { compileTopicExpression, type TopicExpression } from './topic-expression.ts'

/** What is wrong with an expression, for the client who sent it; null when nothing is. */
export function expressionProblem(turn: GroupTurn, source: string): string | null {
  try {
    if (compileTopicExpression(source).matching(topicNames(turn)) !== null) return null
    return `SubscribedTopicRegex \`${source}\` takes too long to match with the topics there are. Please use a simpler expression.`
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return `SubscribedTopicRegex \`${source}\` is not a valid regular expression: ${error.message}.`
  }
}

/** Looks up what is not known yet, or everything when topics have changed, and forgets what nobody uses any more. */
export function resolveExpressions(turn: GroupTurn, group: ConsumerGroup, haveTopicsChanged: boolean): void {
  const used = new Set<string>()
  for (const { metadata } of group.members.values()) if (metadata.subscribedTopicRegex !== null) used.add(metadata.subscribedTopicRegex)
  for (const source of group.expressions.keys()) if (!used.has(source)) appendExpression(turn, group, source, null)
  let names: readonly string[] | undefined
  for (const source of used) {
    const known = group.expressions.get(source)
    if (known !== undefined && !haveTopicsChanged) continue
    names ??= topicNames(turn)
    // When it has become too much work, what was found before goes on to count, as far as it exists.
    const found = compiled(source)?.matching(names) ?? (known?.topics ?? []).filter((name) => turn.topics.byName(name) !== undefined)
    if (known === undefined || !isSameList(known.topics, found)) appendExpression(turn, group, source, found)
  }
}

/** Null for what another version wrote, which understood it. */
function compiled(source: string): TopicExpression | null {
  try {
    return compileTopicExpression(source)
  } catch (error) {
    if (error instanceof ExpressionError) return null
    throw error
  }
}

function appendExpression(turn: GroupTurn, group: ConsumerGroup, source: string, topics: readonly string[] | null): void {
  turn.append({
    type: 'consumer-group-regular-expression',
    key: { groupId: group.groupId, regularExpression: source },
    value: topics === null ? null : { topics, version: 0, timestamp: turn.nowMs },
  })
}

function topicNames(turn: GroupTurn): string[] {
  return Array.from(turn.topics.all(), ({ name }) => name)
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => right[index] === name)
}
