/**
 * Single requests over the wire, for clients that do on purpose what no library would. One connection to each broker, opened when it is
 * needed and again after it broke; a request without an answer in time is given up alone.
 */
import {
  type ApiDefinition,
  type Decoded,
  decodeResponse,
  type Encodable,
  encodeRequestFrame,
  type MessageDefinition,
} from '@millrace/protocol'
import type { Address, Connection, Runtime } from '@millrace/runtime'

/** Nobody knows whether the request was carried out. */
export class NoAnswer extends Error {}

interface Waiting {
  settle(frame: Uint8Array | null): void
}

interface Line {
  readonly connection: Connection
  readonly waiting: Map<number, Waiting>
}

const CONNECT_TIMEOUT_MS = 1_000
const ANSWER_TIMEOUT_MS = 3_000
const SIZE_BYTES = 4

export class Requester {
  readonly #runtime: Runtime
  readonly #clientId: string
  readonly #lines = new Map<string, Promise<Line>>()
  #nextCorrelationId = 0

  constructor(runtime: Runtime, clientId: string) {
    this.#runtime = runtime
    this.#clientId = clientId
  }

  /** Rejects with `NoAnswer`, after `patienceMs` at the latest. */
  async ask<Req extends MessageDefinition, Res extends MessageDefinition>(
    to: Address,
    api: ApiDefinition<Req, Res>,
    version: number,
    body: Encodable<Req>,
    patienceMs = ANSWER_TIMEOUT_MS,
  ): Promise<Decoded<Res>> {
    const line = await this.#lineTo(to)
    const correlationId = this.#nextCorrelationId++
    const frame = await new Promise<Uint8Array | null>((resolve) => {
      const timer = this.#runtime.clock.setTimer(patienceMs, () => settle(null))
      const settle = (answer: Uint8Array | null): void => {
        line.waiting.delete(correlationId)
        timer.cancel()
        resolve(answer)
      }
      line.waiting.set(correlationId, { settle })
      line.connection.write(encodeRequestFrame(api, version, correlationId, this.#clientId, body))
    })
    if (frame === null) throw new NoAnswer(`no answer to ${api.name}`)
    return decodeResponse(api, version, frame).body
  }

  close(): void {
    for (const line of this.#lines.values()) line.then(({ connection }) => connection.destroy()).catch(() => {})
    this.#lines.clear()
  }

  #lineTo({ host, port }: Address): Promise<Line> {
    const key = `${host}:${port}`
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    const line = this.#open(host, port, () => this.#lines.delete(key))
    this.#lines.set(key, line)
    return line
  }

  async #open(host: string, port: number, forget: () => void): Promise<Line> {
    const connection = await this.#runtime.network.connect({ host, port, timeoutMs: CONNECT_TIMEOUT_MS }).catch((error: unknown) => {
      forget()
      throw new NoAnswer(String(error))
    })
    const waiting = new Map<number, Waiting>()
    let received = new Uint8Array(0)
    connection.setHandlers({
      onData: (chunk) => {
        const joined = new Uint8Array(received.length + chunk.length)
        joined.set(received)
        joined.set(chunk, received.length)
        received = takeFrames(joined, waiting)
      },
      onClose: () => {
        forget()
        for (const each of waiting.values()) each.settle(null)
      },
    })
    connection.resume()
    return { connection, waiting }
  }
}

/** Gives what is left over. */
function takeFrames(bytes: Uint8Array<ArrayBuffer>, waiting: ReadonlyMap<number, Waiting>): Uint8Array<ArrayBuffer> {
  let position = 0
  const view = new DataView(bytes.buffer)
  while (bytes.length - position >= SIZE_BYTES) {
    const end = position + SIZE_BYTES + view.getInt32(position)
    if (end > bytes.length) break
    waiting.get(view.getInt32(position + SIZE_BYTES))?.settle(bytes.slice(position + SIZE_BYTES, end))
    position = end
  }
  return bytes.slice(position)
}
