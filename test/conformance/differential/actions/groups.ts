/** What people ask about groups, and do to them. */
import { consumerGroupDescribeApi, deleteGroupsApi, describeGroupsApi, findCoordinatorApi, listGroupsApi } from '@millrace/protocol'
import { type Step, step } from '../scenario.ts'
import { GROUP } from './classic.ts'

/** Nobody in particular. */
const ADMIN = 'admin'

export function describeGroups(groups: readonly string[] = [GROUP], version = 5, includeAuthorizedOperations?: boolean): Step {
  return step({
    actor: ADMIN,
    api: describeGroupsApi,
    version,
    request: (world) => ({
      groups: groups.map((group) => world.named(group)),
      ...(includeAuthorizedOperations === undefined ? {} : { includeAuthorizedOperations }),
    }),
  })
}

export function describeConsumerGroups(groups: readonly string[] = [GROUP], version = 1): Step {
  return step({
    actor: ADMIN,
    api: consumerGroupDescribeApi,
    version,
    request: (world) => ({ groupIds: groups.map((group) => world.named(group)), includeAuthorizedOperations: false }),
  })
}

export function listGroups(version = 5, filter: { readonly states?: readonly string[]; readonly types?: readonly string[] } = {}): Step {
  return step({
    actor: ADMIN,
    api: listGroupsApi,
    version,
    request: () => ({
      ...(version >= 4 ? { statesFilter: filter.states ?? [] } : {}),
      ...(version >= 5 ? { typesFilter: filter.types ?? [] } : {}),
    }),
  })
}

export function deleteGroups(groups: readonly string[] = [GROUP], version = 2): Step {
  return step({
    actor: ADMIN,
    api: deleteGroupsApi,
    version,
    request: (world) => ({ groupsNames: groups.map((group) => world.named(group)) }),
  })
}

export type CoordinatorType = 'group' | 'transaction' | 'share' | 'unknown'
const KEY_TYPES: Readonly<Record<CoordinatorType, number>> = { group: 0, transaction: 1, share: 2, unknown: 9 }

export function findCoordinator(keys: readonly string[], version: number, type: CoordinatorType = 'group'): Step {
  return step({
    actor: ADMIN,
    api: findCoordinatorApi,
    version,
    request: (world) => {
      const names = keys.map((key) => world.named(key))
      const keyType = version >= 1 ? { keyType: KEY_TYPES[type] } : {}
      return version < 4 ? { key: names[0] ?? '', ...keyType } : { coordinatorKeys: names, ...keyType }
    },
  })
}
