/** What survives a failover, in a form that can be compared: as a coordinator has it, and as one that reads the log would. */
import { ClassicGroup } from '../classic/classic-group.ts'
import { replayGroupRecord } from '../group/replayers.ts'
import { type GroupState, initialGroupState } from '../group/state.ts'
import { decodeGroupRecord } from '../records/group-record.ts'
import type { LogEntry } from './group-harness.ts'

/** Classic groups and offsets. Groups that were not written yet are none. */
export function persistentState({ groups, offsets }: GroupState) {
  const classicGroups = new Map<string, unknown>()
  for (const [groupId, group] of groups) {
    if (group instanceof ClassicGroup && group.state.persisted !== null) classicGroups.set(groupId, group.state.persisted)
  }
  const committed = new Map<string, unknown>()
  for (const groupId of offsets.groupIds()) {
    for (const [kind, topics] of [
      ['committed', offsets.committed(groupId) ?? []] as const,
      ['pending', offsets.pending(groupId)] as const,
    ]) {
      for (const [topic, partitions] of topics) {
        for (const [partition, { order: _order, ...value }] of partitions) committed.set(`${groupId} ${kind} ${topic} ${partition}`, value)
      }
    }
  }
  return { classicGroups, committed }
}

/** A coordinator that reads along. */
export class ReplayedState {
  readonly #state = initialGroupState()
  #readCount = 0

  read(log: readonly LogEntry[]) {
    for (; this.#readCount < log.length; this.#readCount += 1) {
      const entry = log[this.#readCount] as LogEntry
      if ('result' in entry) this.#state.offsets.endTransaction(entry.producerId, entry.result)
      else replayGroupRecord(this.#state, decodeGroupRecord(entry.key, entry.value), entry.transaction)
    }
    return persistentState(this.#state)
  }
}
