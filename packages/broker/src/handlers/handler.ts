/**
 * What an API handler is: a function from a decoded request to a response body.
 *
 * Three ways to answer. Return the body, and it is sent. Return a promise of it, when something has to be waited for; the
 * connection's later requests wait too. Or return `LATER` and call `context.respond` when the time has come, which costs no
 * promise and lets `context.releaseOrder` start the next request meanwhile (a pipelined produce does so once it is appended).
 * However they are given, answers leave in the order of the requests.
 */
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import type { Address } from '@millrace/runtime'
import type { BrokerServices } from '../broker-services.ts'

export const LATER: unique symbol = Symbol('later')

export interface RequestContext<Response> {
  readonly apiVersion: number
  readonly clientId: string | null
  /** The same for all requests of a connection, and for no other connection of this process. */
  readonly connectionId: number
  /** Where the request came from, and the address it was sent to. */
  readonly remote: Address
  readonly local: Address
  /** Sends the answer. Once, and never together with a returned body. A closed connection swallows it. */
  respond(body: Response): void
  /** Ends the request without an answer (produce with `acks=0`). */
  respondNothing(): void
  /** Closes the connection, with one line in the log: the only way to report an error where no answer may be sent. */
  close(reason: string): void
  /** Lets the connection's next request start before this one is answered. */
  releaseOrder(): void
  /** Called if the connection closes before the answer, to drop what waits for it. */
  onDisconnect(callback: () => void): void
  /** Called when the broker is about to stop and the answer is still out: whoever only waits for more answers now. */
  onDrain(callback: () => void): void
}

export type Answer<Response> = Response | Promise<Response | typeof LATER> | typeof LATER

export interface Handler {
  readonly api: ApiDefinition
  /** Versions that are advertised; inside what the schema can do. */
  readonly minVersion: number
  readonly maxVersion: number
  /** Versions below this are advertised and yet refused (see `00-produce.ts`). */
  readonly minServedVersion: number
  readonly handle: (request: never, context: RequestContext<never>) => Answer<object>
}

export type HandlerFactory = (services: BrokerServices) => Handler

export interface VersionLimits {
  readonly minVersion?: number
  readonly maxVersion?: number
  readonly minServedVersion?: number
}

/** Binds a function to its API, with the types of that API's request and response. */
export function defineHandler<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  handle: (request: Decoded<Req>, context: RequestContext<Encodable<Res>>) => Answer<Encodable<Res>>,
  limits: VersionLimits = {},
): Handler {
  const minVersion = limits.minVersion ?? api.minVersion
  return {
    api: api as unknown as ApiDefinition,
    minVersion,
    maxVersion: limits.maxVersion ?? api.maxVersion,
    minServedVersion: limits.minServedVersion ?? minVersion,
    handle: handle as unknown as Handler['handle'],
  }
}
