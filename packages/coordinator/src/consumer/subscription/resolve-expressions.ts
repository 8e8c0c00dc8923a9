/**
 * Keeps the topics that the group's regular expressions stand for. They are stored, so that a new coordinator assigns what the old one
 * did, and looked up anew when a member brings an expression and when topics have changed.
 *
 * Kafka looks also every ten minutes (`group.consumer.regex.refresh.interval.ms`, which it keeps to itself), because what a client may
 * describe can change without the topics changing.
 */
import type { GroupTurn } from '../../group/turn.ts'
import type { ConsumerGroupRecord } from '../../records/consumer-group-records.ts'
import { recordSizeBound } from '../../records/record-size.ts'
import type { ConsumerGroup } from '../consumer-group.ts'
import { ExpressionError } from './expression-syntax.ts'
import { compileTopicExpression, type TopicExpression } from './topic-expression.ts'

/** Of a batch of the log, what the topics of one expression may take. */
const EXPRESSION_SHARE_OF_BATCH = 1 / 2
/** Each may take some ten milliseconds where there are many topics. */
const EXPRESSIONS_PER_STEP = 8

/** What is wrong with an expression, for the client who sent it; null when nothing is. */
export function expressionProblem(turn: GroupTurn, source: string): string | null {
  try {
    const topics = compileTopicExpression(source).matching(topicNames(turn))
    if (topics === null) return `${quoted(source)} takes too long to match with the topics there are. Please use a simpler expression.`
    return isStorable(turn, expressionRecord(turn, '', source, topics)) ? null : `${quoted(source)} matches more topics than can be stored.`
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return `${quoted(source)} is not a valid regular expression: ${error.message}.`
  }
}

function quoted(source: string): string {
  return `SubscribedTopicRegex \`${source}\``
}

/**
 * Looks up what is not known yet or was looked up before topics changed, and forgets what nobody uses any more. What is written leaves
 * room for `reserve` in the batch of this step. False when not all of it could be done in one step, so that it is to be gone on with.
 */
export function resolveExpressions(turn: GroupTurn, group: ConsumerGroup, reserve: readonly ConsumerGroupRecord[]): boolean {
  const used = new Set<string>()
  for (const { expression } of group.subscriptions.all()) if (expression !== null) used.add(expression)
  for (const source of group.expressions.keys()) {
    if (used.has(source)) continue
    if (!appendIfRoom(turn, expressionRecord(turn, group.groupId, source, null), reserve)) return false
    group.expressionsAsOf.delete(source)
  }
  const { topicsVersion } = turn.state.consumers
  const outdated = [...used].filter((source) => !group.expressions.has(source) || group.expressionsAsOf.get(source) !== topicsVersion)
  const now = outdated.slice(0, EXPRESSIONS_PER_STEP)
  const names = now.length === 0 ? [] : topicNames(turn)
  for (const source of now) {
    const record = changedExpression(turn, group, source, names)
    if (record !== null && !appendIfRoom(turn, record, reserve)) return false
    group.expressionsAsOf.set(source, topicsVersion)
  }
  return now.length === outdated.length
}

/** Null when it stands for the same topics as before. */
function changedExpression(turn: GroupTurn, group: ConsumerGroup, source: string, names: readonly string[]): ConsumerGroupRecord | null {
  const known = group.expressions.get(source)
  const found = compiled(source)?.matching(names) ?? null
  const record = found === null ? null : expressionRecord(turn, group.groupId, source, found)
  if (record !== null && isStorable(turn, record)) return isSameList(known?.topics, found) ? null : record
  // When it has become too much, what was found before goes on to count, as far as it exists.
  const existing = (known?.topics ?? []).filter((name) => turn.topics.byName(name) !== undefined)
  return isSameList(known?.topics, existing) ? null : expressionRecord(turn, group.groupId, source, existing)
}

function appendIfRoom(turn: GroupTurn, record: ConsumerGroupRecord, reserve: readonly ConsumerGroupRecord[]): boolean {
  const fits = turn.fits([record, ...reserve])
  if (fits) turn.append(record)
  return fits
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

function expressionRecord(
  turn: GroupTurn,
  groupId: string,
  regularExpression: string,
  topics: readonly string[] | null,
): ConsumerGroupRecord {
  const value = topics === null ? null : { topics, version: 0, timestamp: turn.nowMs }
  return { type: 'consumer-group-regular-expression', key: { groupId, regularExpression }, value }
}

function isStorable(turn: GroupTurn, record: ConsumerGroupRecord): boolean {
  return recordSizeBound(record) <= turn.settings.maxBatchBytes * EXPRESSION_SHARE_OF_BATCH
}

function topicNames(turn: GroupTurn): string[] {
  return Array.from(turn.topics.all(), ({ name }) => name)
}

function isSameList(left: readonly string[] | undefined, right: readonly string[] | null): boolean {
  return left !== undefined && left.length === right?.length && left.every((name, index) => right[index] === name)
}
