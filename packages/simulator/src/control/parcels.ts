/**
 * Messages of controllers on the simulated network: as many bytes as they would be on a real one, and the message itself on the side.
 * What arrives is a copy; the network loses, delays and resets it like any other bytes.
 */
import type { Connection } from '@millrace/runtime'

const HEADER_BYTES = 8

export class Parcels {
  readonly #contents = new Map<number, unknown>()
  #nextId = 1

  send(connection: Connection, message: unknown): void {
    const id = this.#nextId
    this.#nextId += 1
    this.#contents.set(id, structuredClone(message))
    const bytes = new Uint8Array(HEADER_BYTES + sizeOf(message))
    const view = new DataView(bytes.buffer)
    view.setUint32(0, id)
    view.setUint32(4, bytes.length)
    connection.write([bytes])
  }

  /** Puts the pieces together in which a connection's bytes come. */
  reader(onMessage: (message: unknown) => void): (chunk: Uint8Array) => void {
    const header = new Uint8Array(HEADER_BYTES)
    let headerBytes = 0
    let bodyLeft = 0
    return (chunk) => {
      for (let at = 0; at < chunk.length; ) {
        if (headerBytes < HEADER_BYTES) {
          const piece = chunk.subarray(at, at + HEADER_BYTES - headerBytes)
          header.set(piece, headerBytes)
          headerBytes += piece.length
          at += piece.length
          if (headerBytes < HEADER_BYTES) continue
          bodyLeft = new DataView(header.buffer).getUint32(4) - HEADER_BYTES
        } else {
          const taken = Math.min(bodyLeft, chunk.length - at)
          bodyLeft -= taken
          at += taken
        }
        if (bodyLeft > 0) continue
        headerBytes = 0
        onMessage(this.#take(new DataView(header.buffer).getUint32(0)))
      }
    }
  }

  #take(id: number): unknown {
    const message = this.#contents.get(id)
    this.#contents.delete(id)
    return message
  }
}

/** About what the message would be encoded. */
export function sizeOf(message: unknown): number {
  if (message instanceof Uint8Array) return message.length
  if (typeof message === 'string') return message.length
  if (typeof message !== 'object' || message === null) return 4
  let bytes = 4
  for (const part of Object.values(message)) bytes += sizeOf(part)
  return bytes
}
