/**
 * The changes of ISRs that leaders here ask the controller for, those of one turn of the loop in one call, one call at a time. What was
 * not answered is asked again after a pause, as long as the leader still wants it: it may have been done, or not.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { AlterablePartition, ControllerPort } from '@millrace/metadata'
import type { Clock, Logger, Timer } from '@millrace/runtime'
import type { IsrChange } from '../replica/state.ts'
import type { Partition } from './partition.ts'

export interface IsrChangesOptions {
  readonly nodeId: number
  readonly clock: Clock
  readonly logger: Logger
  readonly controller: ControllerPort
  brokerEpoch(): number
}

const FIRST_PAUSE_MS = 50
const PAUSE_MAX_MS = 1_000

/** Answers of somebody who could not decide. */
const UNDECIDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ERROR_CODES.NOT_CONTROLLER,
  ERROR_CODES.REQUEST_TIMED_OUT,
  ERROR_CODES.UNKNOWN_SERVER_ERROR,
  ERROR_CODES.NETWORK_EXCEPTION,
  ERROR_CODES.BROKER_NOT_AVAILABLE,
  ERROR_CODES.STALE_BROKER_EPOCH,
  ERROR_CODES.BROKER_ID_NOT_REGISTERED,
])

interface Asked {
  readonly partition: Partition
  readonly change: IsrChange
  readonly body: AlterablePartition
}

export class IsrChanges {
  readonly #options: IsrChangesOptions
  #waiting = new Set<Partition>()
  #isScheduled = false
  #isAsking = false
  #isClosed = false
  #failures = 0
  #timer: Timer | null = null

  constructor(options: IsrChangesOptions) {
    this.#options = options
  }

  add(partition: Partition): void {
    this.#waiting.add(partition)
    if (this.#isScheduled || this.#isAsking || this.#timer !== null) return
    this.#isScheduled = true
    this.#options.clock.defer(() => {
      this.#isScheduled = false
      this.#ask()
    })
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#waiting.clear()
  }

  #ask(): void {
    if (this.#isClosed || this.#isAsking) return
    const asked: Asked[] = []
    for (const partition of this.#waiting) {
      const request = partition.isrRequest()
      if (request === null) continue
      const { change, newIsr } = request
      const { leaderEpoch, partitionEpoch } = change
      const { topicId, index } = partition
      // A replica that joins has caught up with this leader, so whatever the leader had to recover from is over.
      const body = { topicId, partition: index, leaderEpoch, partitionEpoch, newIsr, recoveryState: 'recovered' as const }
      asked.push({ partition, change, body })
    }
    this.#waiting = new Set()
    if (asked.length === 0) return
    this.#isAsking = true
    const { controller, nodeId, brokerEpoch } = this.#options
    controller.alterPartitions({ brokerId: nodeId, brokerEpoch: brokerEpoch(), partitions: asked.map(({ body }) => body) }).then(
      ({ errorCode, partitions }) => this.#answered(asked, errorCode, partitions),
      (error: unknown) => this.#unanswered(asked, error),
    )
  }

  #answered(asked: readonly Asked[], errorCode: ErrorCode, answers: readonly Answer[]): void {
    this.#isAsking = false
    if (this.#isClosed) return
    if (errorCode !== ERROR_CODES.NONE) return this.#unanswered(asked, { errorCode })
    const again: Asked[] = []
    for (const each of asked) {
      const { topicId, index } = each.partition
      const answer = answers.find((candidate) => candidate.topicId === topicId && candidate.partition === index)
      if (answer === undefined || UNDECIDED.has(answer.errorCode)) again.push(each)
      else each.partition.isrAnswered(each.change, answer)
    }
    if (again.length > 0) return this.#unanswered(again, 'the controller could not decide')
    this.#failures = 0
    if (this.#waiting.size > 0) this.#ask()
  }

  #unanswered(asked: readonly Asked[], error: unknown): void {
    this.#isAsking = false
    if (this.#isClosed) return
    for (const { partition } of asked) this.#waiting.add(partition)
    const pauseMs = Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** this.#failures)
    this.#failures += 1
    this.#options.logger.warn('changes of in-sync replicas were not answered; they are asked for again', {
      partitions: asked.length,
      pauseMs,
      error,
    })
    this.#timer = this.#options.clock.setTimer(pauseMs, () => {
      this.#timer = null
      this.#ask()
    })
  }
}

type Answer = Awaited<ReturnType<ControllerPort['alterPartitions']>>['partitions'][number]
