/**
 * The coordinator of the groups of one partition of `__consumer_offsets`: who is a member of which group, what each member reads, and
 * how far each group has got. Pure: requests, timers and changes of topics come in, records and answers go out.
 *
 * Handlers change what survives a failover by writing records alone (`GroupTurn.append`), which are replayed at once. All else, such as
 * who waits for an answer, is theirs and begins anew in `loaded`.
 */
import { loadConsumerGroups, onConsumerMemberTimer, onTopicsChanged } from '../consumer/lifecycle.ts'
import type { CoordinatorMachine, RecordOrigin, TransactionalOrigin } from '../machine.ts'
import type { GroupRecord } from '../records/group-record.ts'
import type { GroupEffect } from './effects.ts'
import type { GroupEvent } from './events.ts'
import { replayGroupRecord } from './replayers.ts'
import { REQUEST_HANDLERS } from './request-handlers.ts'
import type { GroupApi, GroupCall } from './requests.ts'
import { initialGroupState } from './state.ts'
import { type GroupContext, GroupTurn } from './turn.ts'

export class GroupCoordinator implements CoordinatorMachine<GroupEvent, GroupRecord, GroupEffect> {
  readonly #state = initialGroupState()
  readonly #context: GroupContext

  constructor(context: GroupContext) {
    this.#context = context
  }

  replay(record: GroupRecord, { transaction }: RecordOrigin): void {
    replayGroupRecord(this.#state, record, transaction)
  }

  replayMarker(producerId: number, _producerEpoch: number, result: 'commit' | 'abort'): void {
    this.#state.offsets.endTransaction(producerId, result)
  }

  loaded(nowMs: number): readonly GroupEffect[] {
    const turn = this.#turn(nowMs)
    loadConsumerGroups(turn)
    return turn.end()
  }

  step(event: GroupEvent): readonly GroupEffect[] {
    const turn = this.#turn(event.nowMs)
    switch (event.type) {
      case 'request': {
        const { token, apiVersion, client, request } = event
        const handle = REQUEST_HANDLERS[request.api] as (turn: GroupTurn, call: GroupCall<GroupApi>) => void
        handle(turn, { token, apiVersion, client, body: request.body } as GroupCall<GroupApi>)
        break
      }
      case 'timer':
        onConsumerMemberTimer(turn, event.key)
        break
      case 'topics-changed':
        onTopicsChanged(turn)
        break
      case 'disconnected':
      case 'topics-deleted':
        break
    }
    return turn.end()
  }

  #turn(nowMs: number): GroupTurn {
    const replay = (record: GroupRecord, transaction: TransactionalOrigin | null): void =>
      replayGroupRecord(this.#state, record, transaction)
    return new GroupTurn(this.#state, nowMs, this.#context, replay)
  }
}
