/** Who is called when a timer fires: the one list. */
import { onClassicGroupTimer } from '../classic/lifecycle.ts'
import { onConsumerMemberTimer } from '../consumer/lifecycle.ts'
import { deleteOffsetsOfDeletedTopics, expireOffsets } from '../offsets/expire-offsets.ts'
import { parseTimerKey, type TimerKind } from './timer-key.ts'
import type { GroupTurn } from './turn.ts'

type TimerHandlers = { readonly [Kind in TimerKind]: (turn: GroupTurn, owner: string) => void }

const TIMER_HANDLERS: TimerHandlers = {
  'classic-group': onClassicGroupTimer,
  'consumer-member': onConsumerMemberTimer,
  'deleted-topics': deleteOffsetsOfDeletedTopics,
  'offset-expiry': expireOffsets,
}

export function onTimer(turn: GroupTurn, key: string): void {
  const { kind, owner } = parseTimerKey(key)
  TIMER_HANDLERS[kind](turn, owner)
}
