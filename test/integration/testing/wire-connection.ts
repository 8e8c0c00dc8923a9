/**
 * A client that hides nothing: one socket, requests as they are encoded, answers in the order in which they arrive.
 *
 * Every answer is held against the request whose turn it is, so an answer out of order fails the test that caused it.
 */
import { connect, type Socket } from 'node:net'
import {
  type ApiDefinition,
  type Decoded,
  decodeResponse,
  type Encodable,
  encodeRequestFrame,
  type MessageDefinition,
} from '@millrace/protocol'

const SIZE_BYTES = 4

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

interface Waiter {
  resolve(frame: Uint8Array): void
  reject(error: Error): void
}

export class WireConnection implements AsyncDisposable {
  readonly socket: Socket
  /** Resolves when the connection is closed, whoever closed it. */
  readonly closed: Promise<void>
  readonly #waiters: Waiter[] = []
  #received: Buffer[] = []
  #receivedBytes = 0
  #lastCorrelationId = 0
  #end: Error | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the broker closed the connection')))
  }

  static open({ host, port }: BrokerAddress): Promise<WireConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => {
        socket.off('error', reject)
        resolve(new WireConnection(socket))
      })
      socket.once('error', reject)
    })
  }

  /** Sends a request at once and resolves with its answer, whose place in the order of answers is checked. */
  async call<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
  ): Promise<Decoded<Res>> {
    const correlationId = this.send(api, version, request)
    const { correlationId: answered, body } = decodeResponse(api, version, await this.nextFrame())
    if (answered !== correlationId) throw new Error(`the answer to request ${correlationId} was that to ${answered}`)
    return body
  }

  /** Sends a request and expects nothing. Returns its correlation id. */
  send<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
  ): number {
    const correlationId = ++this.#lastCorrelationId
    this.write(Buffer.concat(encodeRequestFrame(api, version, correlationId, 'integration', request)))
    return correlationId
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** The next frame that no call before this one waits for, without its size. */
  nextFrame(): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) {
        reject(this.#end)
        return
      }
      this.#waiters.push({ resolve, reject })
      this.#deliver()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.closed
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#receivedBytes += chunk.length
    this.#deliver()
  }

  #deliver(): void {
    while (this.#waiters.length > 0 && this.#receivedBytes >= SIZE_BYTES) {
      const first = this.#received[0] as Buffer
      const all = first.length >= SIZE_BYTES ? first : this.#joined()
      const frameBytes = SIZE_BYTES + all.readInt32BE(0)
      if (this.#receivedBytes < frameBytes) return
      const joined = this.#joined()
      this.#received = [joined.subarray(frameBytes)]
      this.#receivedBytes -= frameBytes
      this.#waiters.shift()?.resolve(joined.subarray(SIZE_BYTES, frameBytes))
    }
  }

  #joined(): Buffer {
    const joined = this.#received.length === 1 ? (this.#received[0] as Buffer) : Buffer.concat(this.#received)
    this.#received = [joined]
    return joined
  }

  #fail(error: Error): void {
    this.#end ??= error
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#end)
  }
}
