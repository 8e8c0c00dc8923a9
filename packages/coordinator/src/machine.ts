/**
 * What every coordinator is: a machine that hosts one partition of an internal topic.
 *
 * State comes in two kinds. What survives a failover (groups, members' assignments, offsets, transactions) is changed by `replay`
 * alone, whether the record was just written by `step` or is read back from the log of a predecessor, so that a loaded machine
 * cannot differ from the one that wrote. What does not survive (who waits for an answer, when a session ends) is `step`'s own,
 * and `loaded` sets it up anew.
 *
 * The machine runs ahead of the log: `step` replays what it writes at once, so that the next event finds it. The runtime makes
 * that safe. It appends the records of one `step` as one batch, holds every answer back until all that was appended before it is
 * committed, reads included, and throws the machine away when an append fails or its partition has another leader.
 *
 * A machine knows neither clock nor chance nor network: they come in with events, and go out as effects.
 */

/** When something happens, by two clocks. */
export interface MachineTime {
  /** By the wall clock, which may jump in either direction: for what is written, and compared with what was written before. */
  readonly nowMs: number
  /** Since an arbitrary start, never going back: for what is waited for. */
  readonly monotonicMs: number
}

/** Names who waits for an answer. The runtime gives it out; to a machine it means nothing. */
export type ReplyToken = number

/** The transactional producer in whose name a batch is appended. Its records count once its transaction has ended well. */
export interface TransactionalOrigin {
  readonly producerId: number
  readonly producerEpoch: number
}

/** Where a replayed record stands. */
export interface RecordOrigin {
  /** Offset of the record in the coordinator's partition, ascending; unknown (-1) while its own author replays it. */
  readonly offset: number
  /** The open transaction that the record belongs to, if any. */
  readonly transaction: TransactionalOrigin | null
}

export type CoordinatorEffect<Record, Response> =
  /** One atomic batch. At most one in a step. */
  | { readonly type: 'append'; readonly records: readonly Record[]; readonly transaction: TransactionalOrigin | null }
  /** Answer, when everything appended up to and with this step is committed. */
  | { readonly type: 'reply'; readonly token: ReplyToken; readonly response: Response }
  /** Hand in `{ type: 'timer', key }` after `delayMs`. A timer of the same key is replaced. */
  | { readonly type: 'set-timer'; readonly key: string; readonly delayMs: number }
  | { readonly type: 'cancel-timer'; readonly key: string }

export interface CoordinatorMachine<Event, Record, Effect> {
  /** Applies one record of the log. Deterministic; never refuses what a `step` of this version or an earlier one has written. */
  replay(record: Record, origin: RecordOrigin): void
  /** A transaction that wrote to this partition has ended: its records count from now on, or never will. */
  replayMarker(producerId: number, producerEpoch: number, result: 'commit' | 'abort'): void
  /** The log has been replayed to its end, and this machine leads from now on. */
  loaded(time: MachineTime): readonly Effect[]
  step(event: Event): readonly Effect[]
}
