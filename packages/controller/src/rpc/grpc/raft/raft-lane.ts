/**
 * One stream of Raft's messages to one peer: opened when there is something to say, opened again after a pause when it broke.
 *
 * | state      | what it means                          | what ends it                                               |
 * | ---------- | -------------------------------------- | ---------------------------------------------------------- |
 * | idle       | nothing to say yet                     | a message: connecting                                      |
 * | connecting | greeted, waiting for the answer        | the answer: open; a failure, or no answer in time: resting |
 * | open       | messages flow                          | a failure: resting                                         |
 * | resting    | what is sent is thrown away            | time: idle                                                 |
 *
 * A message is thrown away, and the peer reported as unreachable, rather than kept longer than it is of use. Nothing here waits.
 */
import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js'
import type { Clock, Logger, Random, Timer } from '@millrace/runtime'
import type { Message, NodeId } from 'raft-ts'
import type { RaftEndpoint } from '../../../shell/raft/raft-transport.ts'
import { Backoff } from '../../backoff.ts'
import { RareReports } from '../../rare-reports.ts'
import { CLIENT_OPTIONS, targetOf } from '../channel-options.ts'
import type { GrpcLibraries } from '../load-grpc.ts'
import { answerProblem, type RaftGreeting, type RaftLaneName, type Self } from './greeting.ts'
import { MessageQueue, type QueueLimits } from './message-queue.ts'
import { RAFT_STREAM_PATH, type RaftPacket, type RaftStreamCodecs } from './raft-stream.ts'

const BACKOFF = { baseMs: 50, maxMs: 1_000 }
/** To connect and be greeted. */
const GREETING_TIMEOUT_MS = 1_000

export interface RaftLaneOptions {
  readonly grpc: GrpcLibraries['grpc']
  readonly codecs: RaftStreamCodecs
  readonly self: Self
  readonly peer: NodeId
  readonly lane: RaftLaneName
  readonly endpoint: RaftEndpoint
  readonly limits: QueueLimits
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** A message for the peer was thrown away. */
  readonly onDropped: () => void
}

type LaneState = 'idle' | 'connecting' | 'open' | 'resting' | 'closed'

export class RaftLane {
  readonly #options: RaftLaneOptions
  readonly #greeting: RaftGreeting
  readonly #queue: MessageQueue
  readonly #backoff: Backoff
  readonly #reports: RareReports
  #state: LaneState = 'idle'
  #client: Client | null = null
  #stream: ClientDuplexStream<RaftPacket, RaftGreeting> | null = null
  /** The stream takes no more until it says so. */
  #isBlocked = false
  #timer: Timer | null = null

  constructor(options: RaftLaneOptions) {
    const { self, peer, lane, limits, random } = options
    this.#options = options
    this.#greeting = { clusterId: self.clusterId, from: self.id, to: peer, lane }
    this.#queue = new MessageQueue(limits)
    this.#backoff = new Backoff(BACKOFF, random)
    this.#reports = new RareReports(options.clock)
  }

  send(message: Message): void {
    if (this.#state === 'closed') return
    if (this.#state === 'resting' || !this.#queue.offer(message)) {
      this.#options.onDropped()
      return
    }
    if (this.#state === 'idle') this.#connect()
    else this.#pump()
  }

  close(): void {
    this.#state = 'closed'
    this.#disconnect()
    this.#queue.clear()
  }

  #connect(): void {
    const { grpc, codecs, endpoint, clock } = this.#options
    const client = new grpc.Client(targetOf(endpoint), grpc.credentials.createInsecure(), CLIENT_OPTIONS)
    const stream = client.makeBidiStreamRequest(RAFT_STREAM_PATH, codecs.packet.encode, codecs.greeting.decode)
    this.#state = 'connecting'
    this.#client = client
    this.#stream = stream
    // Events of a stream that was given up must not touch the one that came after it.
    const ifCurrent = (act: () => void) => () => {
      if (this.#stream === stream) act()
    }
    stream.on('data', (answer: RaftGreeting) => ifCurrent(() => this.#onAnswer(answer))())
    stream.on('error', ({ details }: ServiceError) => ifCurrent(() => this.#fail(details))())
    stream.on(
      'end',
      ifCurrent(() => this.#fail('it ended the stream')),
    )
    stream.on(
      'drain',
      ifCurrent(() => this.#onDrain()),
    )
    stream.write({ type: 'greeting', ...this.#greeting })
    this.#timer = clock.setTimer(GREETING_TIMEOUT_MS, () => this.#fail(`no answer within ${GREETING_TIMEOUT_MS} ms`))
  }

  #onAnswer(answer: RaftGreeting): void {
    if (this.#state !== 'connecting') return
    const problem = answerProblem(answer, this.#greeting)
    if (problem !== null) {
      this.#fail(problem)
      return
    }
    this.#timer?.cancel()
    this.#state = 'open'
    this.#backoff.reset()
    this.#reports.clear()
    this.#options.logger.info('connected to a controller', { peer: this.#greeting.to, lane: this.#greeting.lane })
    this.#pump()
  }

  #onDrain(): void {
    this.#isBlocked = false
    this.#pump()
  }

  #pump(): void {
    const stream = this.#stream
    while (this.#state === 'open' && stream !== null && !this.#isBlocked) {
      const message = this.#queue.take()
      if (message === undefined) return
      this.#isBlocked = !stream.write({ type: 'delivery', message })
    }
  }

  #fail(problem: string): void {
    this.#report(problem)
    this.#disconnect()
    this.#queue.clear()
    this.#state = 'resting'
    this.#timer = this.#options.clock.setTimer(this.#backoff.nextMs(), () => {
      this.#state = 'idle'
    })
    // What the stream had taken in is lost too.
    this.#options.onDropped()
  }

  #report(problem: string): void {
    const { logger, endpoint } = this.#options
    const fields = { peer: this.#greeting.to, lane: this.#greeting.lane, ...endpoint, problem }
    if (this.#reports.isDue(problem)) logger.warn('a controller is not reached', fields)
  }

  #disconnect(): void {
    this.#timer?.cancel()
    this.#timer = null
    const stream = this.#stream
    this.#stream = null
    this.#isBlocked = false
    stream?.on('error', () => {})
    stream?.cancel()
    this.#client?.close()
    this.#client = null
  }
}
