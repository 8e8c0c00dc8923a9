/**
 * DescribeGroups (versions 0-6) and ListGroups (0-5).
 *
 * Version notes: to describe a group that is not there is an error from 6 on; before that the group is Dead. ListGroups takes states from
 * 4 on and types from 5 on, in any case.
 */
import { ERROR_CODES } from '@millrace/protocol'
import { allGroupIds, findGroup } from './find-group.ts'
import type { GroupApis, GroupCall } from './requests.ts'
import type { GroupTurn } from './turn.ts'

const NOT_FOUND_VERSION = 6

type DescribedGroup = GroupApis['DescribeGroups']['response']['groups'][number]

export function onDescribeGroups(turn: GroupTurn, { token, apiVersion, body }: GroupCall<'DescribeGroups'>): void {
  const groups = body.groups.map((groupId): DescribedGroup => {
    const group = findGroup(turn.state, groupId)
    const described = group?.describe() ?? null
    if (described !== null) return { errorCode: ERROR_CODES.NONE, groupId, ...described }
    const isError = apiVersion >= NOT_FOUND_VERSION
    return {
      errorCode: isError ? ERROR_CODES.GROUP_ID_NOT_FOUND : ERROR_CODES.NONE,
      errorMessage: isError ? `Group ${groupId} ${group === undefined ? 'not found' : 'is not a classic group'}.` : null,
      groupId,
      groupState: 'Dead',
      protocolType: '',
      protocolData: '',
      members: [],
    }
  })
  turn.reply(token, 'DescribeGroups', { groups })
}

export function onListGroups(turn: GroupTurn, { token, body }: GroupCall<'ListGroups'>): void {
  const states = toFilter(body.statesFilter)
  const types = toFilter(body.typesFilter)
  const groups = []
  for (const groupId of allGroupIds(turn.state)) {
    const group = findGroup(turn.state, groupId)
    if (group === undefined || !states(group.stateName) || !types(group.type)) continue
    groups.push({ groupId, protocolType: group.protocolType, groupState: group.stateName, groupType: group.type })
  }
  turn.reply(token, 'ListGroups', { errorCode: ERROR_CODES.NONE, groups })
}

/** No words let everything through. */
function toFilter(words: readonly string[]): (word: string) => boolean {
  const wanted = new Set(words.map((word) => word.trim().toLowerCase()))
  return (word) => wanted.size === 0 || wanted.has(word.toLowerCase())
}
