/**
 * The coordinator of the groups of one partition of `__consumer_offsets`: who is a member of which group, what each member reads, and
 * how far each group has got. Pure: requests, timers and changes of topics come in, records and answers go out.
 *
 * Handlers change what survives a failover by writing records alone (`GroupTurn.append`), which are replayed at once. All else, such as
 * who waits for an answer, is theirs and begins anew in `loaded`.
 */
import { loadClassicGroups, onDisconnected } from '../classic/lifecycle.ts'
import { loadConsumerGroups, onTopicsChanged } from '../consumer/lifecycle.ts'
import type { CoordinatorMachine, MachineTime, RecordOrigin, TransactionalOrigin } from '../machine.ts'
import { onTopicsDeleted, scheduleExpiry } from '../offsets/expire-offsets.ts'
import type { GroupRecord } from '../records/group-record.ts'
import type { GroupEffect } from './effects.ts'
import type { GroupEvent } from './events.ts'
import { replayGroupRecord } from './replayers.ts'
import { answerRequest } from './request-handlers.ts'
import { type GroupState, initialGroupState } from './state.ts'
import { onTimer } from './timer-handlers.ts'
import { type GroupContext, GroupTurn } from './turn.ts'

export class GroupCoordinator implements CoordinatorMachine<GroupEvent, GroupRecord, GroupEffect> {
  readonly #state = initialGroupState()
  readonly #context: GroupContext

  constructor(context: GroupContext) {
    this.#context = context
  }

  /** To look at only. */
  get state(): GroupState {
    return this.#state
  }

  replay(record: GroupRecord, { transaction }: RecordOrigin): void {
    replayGroupRecord(this.#state, record, transaction)
  }

  replayMarker(producerId: number, _producerEpoch: number, result: 'commit' | 'abort'): void {
    this.#state.offsets.endTransaction(producerId, result)
  }

  loaded(time: MachineTime): readonly GroupEffect[] {
    const turn = this.#turn(time)
    loadClassicGroups(turn)
    loadConsumerGroups(turn)
    scheduleExpiry(turn)
    return turn.end()
  }

  step(event: GroupEvent): readonly GroupEffect[] {
    const turn = this.#turn(event)
    switch (event.type) {
      case 'request':
        answerRequest(turn, event)
        break
      case 'timer':
        onTimer(turn, event.key)
        break
      case 'disconnected':
        onDisconnected(turn, event.connectionId)
        break
      case 'topics-changed':
        onTopicsChanged(turn)
        break
      case 'topics-deleted':
        onTopicsDeleted(turn, event.topics)
        break
      default:
        event satisfies never
    }
    return turn.end()
  }

  #turn(time: MachineTime): GroupTurn {
    const replay = (record: GroupRecord, transaction: TransactionalOrigin | null): void =>
      replayGroupRecord(this.#state, record, transaction)
    return new GroupTurn(this.#state, time, this.#context, replay)
  }
}
