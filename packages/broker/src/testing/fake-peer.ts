/** Another broker that answers as the test says, when the test says so. */
import { decodeRequest, decodeRequestHeader, encodeResponseFrame, joinChunks } from '@millrace/protocol'
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import type { Connection, Network } from '@millrace/runtime'
import { FramedConnections } from './framed-connections.ts'

export interface PeerRequest<Req extends MessageDefinition, Res extends MessageDefinition> {
  readonly version: number
  readonly body: Decoded<Req>
  respond(body: Encodable<Res>): void
}

/** Speaks one API. */
export class FakePeer<Req extends MessageDefinition, Res extends MessageDefinition> {
  readonly #api: ApiDefinition<Req, Res>
  readonly #connections = new FramedConnections((connection, frame) => this.#serve(connection, frame))
  /** What came and waits for the test, in order. */
  readonly requests: PeerRequest<Req, Res>[] = []
  /** Answers what comes; null leaves it to the test. */
  answer: ((body: Decoded<Req>) => Encodable<Res>) | null = null

  constructor(api: ApiDefinition<Req, Res>) {
    this.#api = api
  }

  listen(network: Network, host: string, port: number): Promise<void> {
    return this.#connections.listen(network, host, port)
  }

  get connectionCount(): number {
    return this.#connections.count
  }

  hangUp(): void {
    this.#connections.hangUp()
  }

  #serve(connection: Connection, frame: Uint8Array): void {
    const api = this.#api
    const { apiVersion, correlationId, ...header } = decodeRequestHeader(frame)
    const request: PeerRequest<Req, Res> = {
      version: apiVersion,
      body: decodeRequest(api, { apiVersion, correlationId, ...header }, frame),
      respond: (body) => connection.write([joinChunks(encodeResponseFrame(api, apiVersion, correlationId, body))]),
    }
    if (this.answer === null) this.requests.push(request)
    else request.respond(this.answer(request.body))
  }
}
