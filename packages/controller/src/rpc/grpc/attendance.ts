/**
 * The controller's ends of the lines that brokers keep open. A broker that means to go says so; a line that ends without that
 * word broke: the process died, or its host is out of reach.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { ControllerService, Line } from '../controller-service.ts'
import type { AttendingBroker } from './controller-calls.ts'

export type AttendanceStream = ServerDuplexStream<AttendingBroker, object>

/** Lines at a time: one for each broker of the cluster, and those that are about to be noticed as lost. */
const LINES_MAX = 1_000

export class Attendance {
  readonly #service: () => ControllerService | null
  readonly #streams = new Set<AttendanceStream>()

  constructor(service: () => ControllerService | null) {
    this.#service = service
  }

  accept(stream: AttendanceStream): void {
    stream.on('error', () => {})
    if (this.#streams.size >= LINES_MAX) {
      stream.end()
      return
    }
    this.#streams.add(stream)
    let line: Line | null = null
    const closed = (reason: 'done' | 'lost'): void => {
      this.#streams.delete(stream)
      line?.hangUp(reason)
      line = null
    }
    stream.on('data', ({ brokerId, brokerEpoch, metadataOffset, isLeaving }: AttendingBroker) => {
      if (isLeaving) closed('done')
      if (line !== null) line.applied(metadataOffset)
      if (isLeaving || line !== null || !this.#streams.has(stream)) return
      const onClosed = (): void => {
        line = null
        stream.end()
      }
      line = this.#service()?.attend({ brokerId, brokerEpoch, onClosed }) ?? null
      if (line === null) stream.end()
    })
    stream.on('end', () => {
      closed('lost')
      stream.end()
    })
    stream.on('cancelled', () => closed('lost'))
    stream.on('error', () => closed('lost'))
  }

  /** Hangs up everywhere: the controller goes. */
  close(): void {
    for (const stream of this.#streams) stream.end()
    this.#streams.clear()
  }
}
