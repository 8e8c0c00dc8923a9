/**
 * Runs a request about several things (topics, configs, partitions) until each of them has its result. One answer may hold
 * success for one and failure for another; only what failed for the moment is asked for again.
 */
import { ERROR_CODES } from '@millrace/protocol'
import { CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { retry } from '../network/retry.ts'

export interface EachRequest<Item, Result> {
  /** After which errors the request is sent again. */
  readonly mayRepeat: (error: ClientError) => boolean
  /** One outcome for each item, in their order. `attempt` counts from 1. Rejects when the request failed as a whole. */
  exchange(items: readonly Item[], attempt: number): Promise<readonly (Result | ClientError)[]>
}

/** The results, in the order of the items. Rejects with the first failure once every item is settled. */
export async function settleEach<Item, Result>(
  cluster: Cluster,
  items: readonly Item[],
  request: EachRequest<Item, Result>,
): Promise<Result[]> {
  if (items.length === 0) return []
  const results = new Map<Item, Result>()
  const failures = new Map<Item, ClientError>()
  const { mayRepeat } = request
  const deadlineMs = cluster.nowMs + cluster.settings.retryTimeoutMs
  let open = items
  const attempt = async (number: number): Promise<void> => {
    const outcomes = await request.exchange(open, number)
    const passing = new Map<Item, ClientError>()
    open.forEach((item, index) => {
      const outcome = outcomes[index]
      if (!(outcome instanceof ClientError)) results.set(item, outcome as Result)
      else if (mayRepeat(outcome)) passing.set(item, outcome)
      else failures.set(item, outcome)
    })
    open = [...passing.keys()]
    for (const error of passing.values()) throw error
  }
  try {
    await retry(cluster.settings, cluster.closing, deadlineMs, attempt, mayRepeat)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    for (const item of open) failures.set(item, error)
  }
  if (failures.size > 0) throw combined([...failures.values()], items.length)
  return items.map((item) => results.get(item) as Result)
}

/** Stands in for the outcome of an item that the answer does not mention. */
export function unanswered(what: string): ClientError {
  return new ClientError(CLIENT_ERROR_CODES.malformedResponse, `the broker answered without a word about ${what}`)
}

/** For a request that may be carried out any number of times. */
export function isPassing(error: ClientError): boolean {
  return error.isRetriable
}

const NOT_CARRIED_OUT: ReadonlySet<number | null> = new Set<number | null>([
  ERROR_CODES.NOT_CONTROLLER,
  ERROR_CODES.THROTTLING_QUOTA_EXCEEDED,
  ERROR_CODES.BROKER_NOT_AVAILABLE,
  ERROR_CODES.LEADER_NOT_AVAILABLE,
])

/** For a request whose repetition would meet its own effect: creating a topic twice fails. */
export function wasNotCarriedOut(error: ClientError): boolean {
  return error.code === CLIENT_ERROR_CODES.unreachable || NOT_CARRIED_OUT.has(error.kafkaErrorCode)
}

function combined(failures: readonly ClientError[], total: number): ClientError {
  const [first] = failures
  if (first !== undefined && failures.length === 1) return first
  const { code, topic, partition, address, kafkaErrorCode } = first ?? unanswered('anything')
  const messages = [...new Set(failures.map(({ message }) => message))]
  const fields = {
    cause: new AggregateError(failures),
    ...(topic === null ? {} : { topic }),
    ...(partition === null ? {} : { partition }),
    ...(address === null ? {} : { address }),
  }
  return new ClientError(code, `${failures.length} of ${total} failed: ${messages.join('; ')}`, fields, kafkaErrorCode)
}
