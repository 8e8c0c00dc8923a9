/**
 * The receiving ends of the streams that other controllers opened: greeted first, and then a message at a time. A stream that
 * says what it must not is refused, and the log says so, rarely: the peer will come again.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { Clock, Logger, Timer } from '@millrace/runtime'
import type { Message, NodeId } from 'raft-ts'
import { RareReports } from '../../rare-reports.ts'
import type { GrpcLibraries } from '../load-grpc.ts'
import { greetingProblem, type RaftGreeting, type Self } from './greeting.ts'
import type { RaftPacket } from './raft-stream.ts'

export type RaftServerStream = ServerDuplexStream<RaftPacket, RaftGreeting>

/** To say who is there. */
const GREETING_TIMEOUT_MS = 2_000
/** Streams at a time; a group of controllers has two for each pair. */
const STREAMS_MAX = 64

export interface RaftReceiverOptions {
  readonly grpc: GrpcLibraries['grpc']
  readonly self: Self
  readonly clock: Clock
  readonly logger: Logger
  readonly peers: () => Iterable<NodeId>
  readonly onMessage: (message: Message) => void
}

interface Visitor {
  readonly stream: RaftServerStream
  readonly greeting: RaftGreeting
}

export class RaftReceiver {
  readonly #options: RaftReceiverOptions
  readonly #reports: RareReports
  readonly #streams = new Set<RaftServerStream>()
  /** Those who were greeted, by sender and lane. */
  readonly #visitors = new Map<string, Visitor>()

  constructor(options: RaftReceiverOptions) {
    this.#options = options
    this.#reports = new RareReports(options.clock)
  }

  /** Takes a stream that somebody opened. */
  accept(stream: RaftServerStream): void {
    const { grpc, clock } = this.#options
    // grpc-js answers with the status of this, and throws what nobody listens to.
    stream.on('error', () => {})
    if (this.#streams.size >= STREAMS_MAX) {
      this.#refuse(stream, grpc.status.RESOURCE_EXHAUSTED, `${STREAMS_MAX} streams are open already`)
      return
    }
    this.#streams.add(stream)
    const timer = clock.setTimer(GREETING_TIMEOUT_MS, () => this.#refuse(stream, grpc.status.DEADLINE_EXCEEDED, 'no greeting came'))
    const ended = (): void => this.#forget(stream, timer)
    stream.on('end', () => {
      ended()
      stream.end()
    })
    stream.on('cancelled', ended)
    stream.on('error', ended)
    stream.on('data', (packet: RaftPacket) => this.#onPacket(stream, packet, timer))
  }

  /** Ends all streams: those who opened them will find another peer or this one's next life. */
  close(): void {
    for (const stream of this.#streams) stream.end()
    this.#streams.clear()
    this.#visitors.clear()
  }

  #onPacket(stream: RaftServerStream, packet: RaftPacket, timer: Timer): void {
    const { grpc, self, onMessage } = this.#options
    if (!this.#streams.has(stream)) return
    const visitor = this.#visitorOf(stream)
    if (packet.type === 'greeting') {
      if (visitor === null) this.#onGreeting(stream, packet, timer)
      else this.#refuse(stream, grpc.status.INVALID_ARGUMENT, 'a stream is greeted once')
      return
    }
    if (visitor === null) {
      this.#refuse(stream, grpc.status.INVALID_ARGUMENT, 'a message came before the greeting')
      return
    }
    const { groupId, from, to } = packet.message
    if (groupId === self.clusterId && to === self.id && from === visitor.greeting.from) onMessage(packet.message)
    else this.#refuse(stream, grpc.status.INVALID_ARGUMENT, `a message from ${from} to ${to} of ${groupId} does not belong on this stream`)
  }

  #onGreeting(stream: RaftServerStream, greeting: RaftGreeting, timer: Timer): void {
    const { grpc, self, peers } = this.#options
    const problem = greetingProblem(greeting, self, peers())
    if (problem !== null) {
      this.#refuse(stream, grpc.status.FAILED_PRECONDITION, problem)
      return
    }
    timer.cancel()
    const key = `${greeting.lane} ${greeting.from}`
    // The sender has one stream a lane: an older one is a connection that it has given up and we have not noticed.
    this.#visitors.get(key)?.stream.end()
    this.#visitors.set(key, { stream, greeting })
    stream.write({ clusterId: self.clusterId, from: self.id, to: greeting.from, lane: greeting.lane })
  }

  #refuse(stream: RaftServerStream, code: number, details: string): void {
    if (this.#reports.isDue(details)) {
      this.#options.logger.warn('a controller was refused', { peer: stream.getPeer(), problem: details })
    }
    stream.emit('error', { code, details })
  }

  #visitorOf(stream: RaftServerStream): Visitor | null {
    for (const visitor of this.#visitors.values()) {
      if (visitor.stream === stream) return visitor
    }
    return null
  }

  #forget(stream: RaftServerStream, timer: Timer): void {
    timer.cancel()
    this.#streams.delete(stream)
    for (const [key, visitor] of this.#visitors) {
      if (visitor.stream === stream) this.#visitors.delete(key)
    }
  }
}
