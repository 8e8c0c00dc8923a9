/** A connection whose other end is the test: it delivers chunks from a buffer that it overwrites, and keeps what was sent. */
import type { Address, Connection, ConnectionHandlers, DiskFile } from '@millrace/runtime'

export class ScriptedConnection implements Connection {
  readonly remote: Address = { host: 'client.test', port: 50_000 }
  readonly local: Address = { host: 'broker.test', port: 9092 }
  bufferedBytes = 0
  isReading = false
  /** `end` was called. */
  isEnded = false
  isDestroyed = false
  readonly sent: Uint8Array[] = []
  readonly sentRanges: { readonly position: number; readonly length: number; readonly onSent: () => void }[] = []
  #handlers: ConnectionHandlers | null = null

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
  }

  pause(): void {
    this.isReading = false
  }

  resume(): void {
    this.isReading = true
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): void {
    for (const chunk of chunks) this.sent.push(chunk.slice())
    onSent?.()
  }

  writeFile(_file: DiskFile, position: number, length: number, onSent: () => void = () => {}): void {
    this.sentRanges.push({ position, length, onSent })
  }

  end(): void {
    this.isEnded = true
  }

  destroy(): void {
    if (this.isDestroyed) return
    this.isDestroyed = true
    this.#handlers?.onClose(null)
  }

  /** What the peer sends. The bytes are gone when this returns. */
  deliver(bytes: Uint8Array): void {
    const chunk = bytes.slice()
    this.#handlers?.onData(chunk)
    chunk.fill(0xee)
  }

  drain(): void {
    this.bufferedBytes = 0
    this.#handlers?.onDrain?.()
  }

  /** Correlation ids of the answers that have left, in order. */
  answered(): number[] {
    const size = this.sent.reduce((sum, chunk) => sum + chunk.length, 0)
    const all = new Uint8Array(size)
    let filled = 0
    for (const chunk of this.sent) {
      all.set(chunk, filled)
      filled += chunk.length
    }
    const view = new DataView(all.buffer)
    const ids: number[] = []
    for (let at = 0; at < size; at += 4 + view.getInt32(at)) ids.push(view.getInt32(at + 4))
    return ids
  }
}
