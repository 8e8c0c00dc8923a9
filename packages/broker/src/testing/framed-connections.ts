/** What a broker in the test's hands is connected by: every frame that comes, with the connection to answer on. */
import { BufferPool } from '@millrace/runtime'
import type { Connection, Network } from '@millrace/runtime'
import { FrameAssembler } from '../network/frame-assembler.ts'
import { RequestMemory } from '../network/request-memory.ts'

const MAX_FRAME_BYTES = 1_000_000

export class FramedConnections {
  readonly #onFrame: (connection: Connection, frame: Uint8Array) => void
  readonly #connections = new Set<Connection>()

  constructor(onFrame: (connection: Connection, frame: Uint8Array) => void) {
    this.#onFrame = onFrame
  }

  async listen(network: Network, host: string, port: number): Promise<void> {
    await network.listen({ host, port }, (connection) => this.#accept(connection))
  }

  get count(): number {
    return this.#connections.size
  }

  /** As when the process ends. */
  hangUp(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  #accept(connection: Connection): void {
    this.#connections.add(connection)
    const assembler = new FrameAssembler(new RequestMemory({ pool: new BufferPool(), maxBytes: MAX_FRAME_BYTES }), MAX_FRAME_BYTES)
    connection.setHandlers({
      onData: (chunk) => {
        assembler.push(chunk, { onFrame: (frame) => this.#onFrame(connection, frame), isBlocked: () => false })
        assembler.releaseFrames()
      },
      onClose: () => void this.#connections.delete(connection),
    })
    connection.resume()
  }
}
