/**
 * Asks the coordinators of groups on behalf of a client, for the handlers of their APIs: what is asked goes to the coordinator of the
 * group's partition, if that is on this broker, and its answer, or why there is none, is the client's.
 *
 * While a request waits its connection starts no other: that is how Kafka's clients know it, and what keeps each to one request.
 */
import type { GroupApi, GroupApis, GroupEvent, GroupRequest, GroupResponse, TransactionalOrigin } from '@millrace/coordinator'
import type { ErrorCode } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { COORDINATOR_ERRORS, type CoordinatorAnswer, type CoordinatorError } from '../coordinator/coordinator-kind.ts'
import type { Place, Question, Unconfirmed } from '../coordinator/hosted-coordinators.ts'
import type { RequestContext } from './handler.ts'

/** Those that change nothing, and are answered while too few replicas are in sync. */
const READS: ReadonlySet<GroupApi> = new Set<GroupApi>([
  'ConsumerGroupDescribe',
  'DescribeGroups',
  'Heartbeat',
  'ListGroups',
  'OffsetFetch',
])

/** The body of the answer, or why there is none. */
export function askGroup<Api extends GroupApi>(
  services: BrokerServices,
  context: RequestContext<never>,
  place: Place,
  api: Api,
  body: GroupApis[Api]['request'],
): Promise<CoordinatorAnswer<GroupApis[Api]['response']>> {
  return ask(services, context, place, api, body).then((answer) =>
    answer.type === 'refused' ? answer : { type: 'answered', response: answer.response.body },
  )
}

function ask<Api extends GroupApi>(
  services: BrokerServices,
  context: RequestContext<never>,
  place: Place,
  api: Api,
  body: GroupApis[Api]['request'],
): Promise<CoordinatorAnswer<GroupResponse>> {
  // Whoever waits for other members need not know that this broker stops: others know it already.
  const onAsked = (giveUp: (errorCode: CoordinatorError) => void): void => context.onDrain(() => giveUp(COORDINATOR_ERRORS.moved))
  return services.coordinators.groups.ask(place, questionOf(context, api, body, onAsked))
}

/** What is written in a transaction, if its coordinator confirms that the group's partition takes part in it. */
export async function askGroupInTransaction<Api extends GroupApi>(
  services: BrokerServices,
  context: RequestContext<never>,
  place: Place,
  api: Api,
  body: GroupApis[Api]['request'],
  within: { readonly transaction: TransactionalOrigin; confirm(partition: number): Promise<ErrorCode> },
): Promise<CoordinatorAnswer<GroupApis[Api]['response']> | Unconfirmed> {
  const { transaction, confirm } = within
  const { groups } = services.coordinators
  const answer = await groups.askInTransaction(place, transaction, (partition) => confirm(partition), questionOf(context, api, body))
  return answer.type === 'answered' ? { type: 'answered', response: answer.response.body } : answer
}

function questionOf<Api extends GroupApi>(
  { apiVersion, connectionId, clientId, remote }: RequestContext<never>,
  api: Api,
  body: GroupApis[Api]['request'],
  onAsked?: Question<GroupEvent>['onAsked'],
): Question<GroupEvent> {
  const client = { id: clientId ?? '', host: `/${remote.host}`, connectionId }
  return {
    connectionId,
    mayWrite: !READS.has(api),
    onAsked,
    toEvent: (token, { nowMs, monotonicMs }) => {
      const request = { api, body } as GroupRequest
      return { type: 'request', token, nowMs, monotonicMs, apiVersion, client, request }
    },
  }
}

/** For requests about one group. */
export function askOneGroup<Api extends GroupApi>(
  services: BrokerServices,
  context: RequestContext<never>,
  api: Api,
  body: GroupApis[Api]['request'] & { readonly groupId: string },
  refused: (errorCode: CoordinatorError) => GroupApis[Api]['response'],
): Promise<GroupApis[Api]['response']> {
  return ask(services, context, { key: body.groupId }, api, body).then((answer) =>
    answer.type === 'answered' ? answer.response.body : refused(answer.errorCode),
  )
}

/** For requests about several groups: each partition is asked about those that it has, and each group is refused by itself. */
export async function askEachGroup<Api extends GroupApi, Asked, Result>(
  services: BrokerServices,
  context: RequestContext<never>,
  api: Api,
  asked: readonly Asked[],
  parts: {
    groupIdOf(asked: Asked): string
    bodyOf(asked: readonly Asked[]): GroupApis[Api]['request']
    resultsOf(response: GroupApis[Api]['response']): readonly Result[]
    refused(asked: Asked, errorCode: CoordinatorError): Result
  },
): Promise<Result[]> {
  const { groups } = services.coordinators
  const byPlace = Map.groupBy(asked, (each) => groups.partitionOf(parts.groupIdOf(each)))
  const results = await Promise.all(
    Array.from(byPlace, async ([partition, here]) => {
      const place = partition === null ? { key: '' } : { partition }
      const answer = await askGroup(services, context, place, api, parts.bodyOf(here))
      return answer.type === 'answered' ? parts.resultsOf(answer.response) : here.map((each) => parts.refused(each, answer.errorCode))
    }),
  )
  return results.flat()
}
