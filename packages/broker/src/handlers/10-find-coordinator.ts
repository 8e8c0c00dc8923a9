/**
 * FindCoordinator (API key 10), versions 0-6.
 *
 * Says which broker keeps a group, or the transactions of a transactional id: the leader of the partition that the id belongs to. The
 * topic is created for the first who asks. The answer waits until the topic is there, and, where this broker is the one, until the
 * coordinator can be asked, so that no client begins with an error.
 *
 * Version notes: 1 other kinds of coordinators than of groups; 4 (KIP-699) many keys in a request; 6 (KIP-932) coordinators of share
 * groups' state, of which there are none.
 */
import { ERROR_CODES, findCoordinatorApi } from '@millrace/protocol'
import type { Encodable, ErrorCode, findCoordinatorResponse } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { defineHandler, LATER } from './handler.ts'
import type { Handler } from './handler.ts'
import { HAS_FENCED_ITSELF, hasFencedItself, isAlive, reachableBrokers } from './reachable-brokers.ts'

type Found = NonNullable<Encodable<typeof findCoordinatorResponse>['coordinators']>[number]

const KEY_TYPES = { group: 0, transaction: 1, share: 2 } as const

const FIRST_BATCH_VERSION = 4

const NOWHERE = { nodeId: -1, host: '', port: -1 } as const
const NOBODY: Refusal = { errorCode: ERROR_CODES.COORDINATOR_NOT_AVAILABLE, errorMessage: 'there is no coordinator now; ask again' }

export function findCoordinatorHandler(services: BrokerServices): Handler {
  return defineHandler(findCoordinatorApi, async (request, context) => {
    const { apiVersion, local } = context
    const isBatch = apiVersion >= FIRST_BATCH_VERSION
    const keys = isBatch ? [...new Set(request.coordinatorKeys)] : [request.key]
    const found = await Promise.all(keys.map(async (key) => find(request.keyType, key)))
    if (found.includes(services.nodeId) && hasFencedItself(services)) {
      context.close(HAS_FENCED_ITSELF)
      return LATER
    }
    const image = services.feed.image()
    const alive = new Map(reachableBrokers(services, local).flatMap((broker) => (isAlive(image, broker.id) ? [[broker.id, broker]] : [])))
    const coordinators = keys.map((key, index): Found => {
      const leader = found[index] as number | Refusal
      if (typeof leader !== 'number') return { key, ...NOWHERE, ...leader }
      const broker = alive.get(leader)
      if (broker === undefined) return { key, ...NOWHERE, ...NOBODY }
      return { key, nodeId: leader, host: broker.host, port: broker.port, errorCode: ERROR_CODES.NONE, errorMessage: '' }
    })
    if (isBatch) return { throttleTimeMs: 0, coordinators }
    const { key: _, ...only } = coordinators[0] as Found
    return { throttleTimeMs: 0, ...only }
  })

  /** The broker's id, or why there is none. */
  function find(keyType: number, key: string): Promise<number> | Refusal {
    switch (keyType) {
      case KEY_TYPES.group:
        return services.coordinators.groupLeader(key)
      case KEY_TYPES.transaction:
        return services.coordinators.transactionLeader(key)
      case KEY_TYPES.share:
        return refusal(ERROR_CODES.INVALID_REQUEST, 'there are no share groups on this broker')
      default:
        return refusal(ERROR_CODES.INVALID_REQUEST, `there is no coordinator type ${keyType}`)
    }
  }
}

interface Refusal {
  readonly errorCode: ErrorCode
  readonly errorMessage: string
}

function refusal(errorCode: ErrorCode, errorMessage: string): Refusal {
  return { errorCode, errorMessage }
}
