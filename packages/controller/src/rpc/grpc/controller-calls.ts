/** The calls of a controller as both of their ends build them from the schemas. */
import type { MethodDefinition } from '@grpc/grpc-js'
import { CONTROLLER_METHODS, type ControllerMethodName } from '../controller-methods.ts'
import type { ControllerService } from '../controller-service.ts'
import type { ControllerEndpoint } from '../metadata-fetch.ts'
import type { MessageCodec, MessageCodecs } from './message-codec.ts'

/** What is asked once and answered once. */
export type UnaryCallName = ControllerMethodName | 'fetchMetadata' | 'fetchMetadataSnapshot'

const OBSERVER_CALLS = {
  fetchMetadata: { request: 'MetadataFetchRequest', response: 'MetadataFetchResponse' },
  fetchMetadataSnapshot: { request: 'MetadataSnapshotRequest', response: 'MetadataSnapshotChunk' },
} as const

export const UNARY_CALL_NAMES = [...Object.keys(CONTROLLER_METHODS), ...Object.keys(OBSERVER_CALLS)] as readonly UnaryCallName[]

export interface AttendingBroker {
  readonly brokerId: number
  readonly brokerEpoch: number
  /** -1: nothing is said of it. */
  readonly metadataOffset: number
  readonly isLeaving: boolean
}

export interface ControllerFailure {
  readonly code: string
  readonly errorCode: number
  readonly message: string
  readonly leader: ControllerEndpoint | null
}

export type CallDefinition = MethodDefinition<unknown, unknown>

export interface ControllerCalls {
  readonly unary: Readonly<Record<UnaryCallName, CallDefinition>>
  readonly attend: MethodDefinition<AttendingBroker, object>
  readonly failure: MessageCodec<ControllerFailure>
}

/** What went wrong, in the schema's words; added to every status that is not OK. */
export const FAILURE_TRAILER = 'millrace-failure-bin'

/** What the answer rests on. */
export const METADATA_OFFSET_HEADER = 'millrace-metadata-offset'

export function controllerCalls(codecs: MessageCodecs): ControllerCalls {
  const messages: Readonly<Record<UnaryCallName, { readonly request: string; readonly response: string }>> = {
    ...CONTROLLER_METHODS,
    ...OBSERVER_CALLS,
  }
  const unary = Object.fromEntries(
    UNARY_CALL_NAMES.map((name) => {
      const { request, response } = messages[name]
      return [name, callDefinition(name, false, codecs.codec(request), codecs.codec(response))]
    }),
  ) as Record<UnaryCallName, CallDefinition>
  const attend = callDefinition('attend', true, codecs.codec<AttendingBroker>('AttendingBroker'), codecs.codec<object>('AttendanceTaken'))
  return { unary, attend, failure: codecs.codec('ControllerFailure') }
}

/** Without an argument the request is an empty message. */
export function callService(service: ControllerService, name: UnaryCallName, request: unknown): Promise<unknown> {
  return (service[name] as (request: unknown) => Promise<unknown>).call(service, request)
}

function callDefinition<Request, Response>(
  name: string,
  isStream: boolean,
  request: MessageCodec<Request>,
  response: MessageCodec<Response>,
): MethodDefinition<Request, Response> {
  return {
    path: `/millrace.v1.Controller/${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: request.encode,
    requestDeserialize: request.decode,
    responseSerialize: response.encode,
    responseDeserialize: response.decode,
  }
}
