/**
 * What the runtime has to know about one kind of coordinator: which internal topic keeps its records, how they are written, and which
 * events a machine is told that no client asked for. All else is the machine's.
 */
import type { CoordinatorEffect, CoordinatorMachine, MachineTime } from '@millrace/coordinator'
import type { ClusterImage, ImageDelta } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { InternalTopic } from './internal-topics.ts'

/** An effect that only this kind of machine has. */
export interface OwnEffect {
  readonly type: string
}

export interface CoordinatorKind<Event, Record, Response, Own extends OwnEffect = never> {
  readonly topic: InternalTopic
  /** Load what this broker leads as soon as it leads it: somebody waits for what only a loaded machine does. */
  readonly isEager: boolean
  /** Its code, which is loaded for the first who needs it. Rejects when that fails; it may be tried again. */
  load(): Promise<CoordinatorCode<Event, Record, Response, Own>>
  timerEvent(key: string, time: MachineTime): Event
  /** A connection that events came from was closed; null if it is of no interest. */
  disconnectedEvent(connectionId: number, time: MachineTime): Event | null
  /** What machines are to be told of changed metadata. */
  metadataNews(image: ClusterImage, delta: ImageDelta, time: MachineTime): MetadataNews<Event>
  /** Does what an effect of its own asks for, once everything appended up to its step is committed. */
  perform(effect: Own, machine: MachinePort<Event>): void
}

/** Makes machines of one kind, and writes and reads their records. */
export interface CoordinatorCode<Event, Record, Response, Own extends OwnEffect = never> {
  createMachine(limits: MachineLimits): CoordinatorMachine<Event, Record, CoordinatorEffect<Record, Response> | Own>
  encode(record: Record): EncodedRecord
  /** Throws for what cannot be read, and then the coordinator is not loaded: half of the truth is none. Keeps no view of the bytes. */
  decode(key: Uint8Array, value: Uint8Array | null): Record
}

/** What the log of a machine takes. It may change at any time. */
export interface MachineLimits {
  /** What the machine writes in one step is one batch, which is no larger. */
  maxBatchBytes(): number
}

export interface MetadataNews<Event> {
  readonly events: readonly Event[]
  /** What their logs hold is not true any more, so that those which are not loaded have to be. */
  readonly concernsAll: boolean
}

export interface EncodedRecord {
  readonly key: Uint8Array
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
}

/** How results of what a machine wanted done come back to it. */
export interface MachinePort<Event> {
  readonly partition: number
  readonly leaderEpoch: number
  /** The machine is there, and leads its partition. */
  readonly isServing: boolean
  /** Hands the event in, if the machine is still there. */
  post(event: (time: MachineTime) => Event): void
}

/** Why a coordinator did not answer, in the words of the protocol. */
export const COORDINATOR_ERRORS = {
  /** It is about to: the client asks again. */
  loading: ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS,
  /** There is none now, or it could not store what it was to store: the client asks again. */
  notAvailable: ERROR_CODES.COORDINATOR_NOT_AVAILABLE,
  /** Another broker has it: the client looks for it again. */
  moved: ERROR_CODES.NOT_COORDINATOR,
  /** It cannot be done, now or later. */
  failed: ERROR_CODES.UNKNOWN_SERVER_ERROR,
} as const

export type CoordinatorError = (typeof COORDINATOR_ERRORS)[keyof typeof COORDINATOR_ERRORS]

export type CoordinatorAnswer<Response> =
  | { readonly type: 'answered'; readonly response: Response }
  | { readonly type: 'refused'; readonly errorCode: CoordinatorError }
