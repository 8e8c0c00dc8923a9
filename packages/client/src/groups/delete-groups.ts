/** Deletes groups that have no members, with all they have committed. */
import { deleteGroupsApi, ERROR_CODES } from '@millrace/protocol'
import { isPassing, settleEach, unanswered } from '../admin/settle-each.ts'
import { brokerError, type ClientError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { askCoordinator } from './coordinator.ts'

export async function deleteGroups(cluster: Cluster, groupIds: readonly string[]): Promise<void> {
  await settleEach(cluster, groupIds, {
    mayRepeat: isPassing,
    exchange: (open) => Promise.all(open.map((groupId) => deleteGroup(cluster, groupId))),
  })
}

async function deleteGroup(cluster: Cluster, groupId: string): Promise<null | ClientError> {
  const { results } = await askCoordinator(cluster, groupId, deleteGroupsApi, () => ({ groupsNames: [groupId] }))
  const [result] = results
  if (result === undefined) return unanswered(`group "${groupId}"`)
  if (result.errorCode === ERROR_CODES.NONE) return null
  const text = MESSAGES.get(result.errorCode)
  return brokerError(result.errorCode, {}, text === undefined ? result.errorMessage : `group "${groupId}" ${text}`)
}

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [ERROR_CODES.GROUP_ID_NOT_FOUND, 'does not exist'],
  [ERROR_CODES.NON_EMPTY_GROUP, 'has members: stop its consumers first'],
])
