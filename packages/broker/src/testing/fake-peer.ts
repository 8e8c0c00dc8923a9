/** Another broker that answers as the test says, when the test says so. */
import { decodeRequest, decodeRequestHeader, encodeResponseFrame, joinChunks } from '@millrace/protocol'
import type { ApiDefinition, Decoded, Encodable, MessageDefinition } from '@millrace/protocol'
import { BufferPool } from '@millrace/runtime'
import type { Connection, Network } from '@millrace/runtime'
import { FrameAssembler } from '../network/frame-assembler.ts'
import { RequestMemory } from '../network/request-memory.ts'

const MAX_FRAME_BYTES = 1_000_000

export interface PeerRequest<Req extends MessageDefinition, Res extends MessageDefinition> {
  readonly version: number
  readonly body: Decoded<Req>
  respond(body: Encodable<Res>): void
}

/** Speaks one API. */
export class FakePeer<Req extends MessageDefinition, Res extends MessageDefinition> {
  readonly #api: ApiDefinition<Req, Res>
  readonly #connections = new Set<Connection>()
  /** What came and waits for the test, in order. */
  readonly requests: PeerRequest<Req, Res>[] = []
  /** Answers what comes; null leaves it to the test. */
  answer: ((body: Decoded<Req>) => Encodable<Res>) | null = null

  constructor(api: ApiDefinition<Req, Res>) {
    this.#api = api
  }

  async listen(network: Network, host: string, port: number): Promise<void> {
    await network.listen({ host, port }, (connection) => this.#accept(connection))
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  hangUp(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  #accept(connection: Connection): void {
    this.#connections.add(connection)
    const assembler = new FrameAssembler(new RequestMemory({ pool: new BufferPool(), maxBytes: MAX_FRAME_BYTES }), MAX_FRAME_BYTES)
    connection.setHandlers({
      onData: (chunk) => {
        assembler.push(chunk, { onFrame: (frame) => this.#serve(connection, frame), isBlocked: () => false })
        assembler.releaseFrames()
      },
      onClose: () => void this.#connections.delete(connection),
    })
    connection.resume()
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
