/**
 * Commands that are committed together and share one flush.
 *
 * Each is decided on the committed image plus what the ones before it will change (the overlay), so that of two that want
 * the same name one is refused. Even a command that changes nothing is answered only with its group, because it may have
 * seen what others of the group did; when the group fails, the overlay is dropped and nobody is told that something happened.
 */
import { applyRecords, type BrokerConfig, type ClusterImage, ControllerError } from '@millrace/metadata'
import { uuidFromBytes, ZERO_UUID } from '@millrace/protocol'
import type { Clock, Logger, Random } from '@millrace/runtime'
import type { BrokerSessionsView, CommandContext, CommandResult } from '../core/command.ts'
import type { MetadataQuorum, ProposedBatch } from './metadata-quorum.ts'

/** A group ends when deciding it took this long or made this much, so that the loop gets to do other things. */
const GROUP_MS_MAX = 10
const GROUP_BYTES_MAX = 8 * 1024 * 1024

/** A command without its types: what it gives is kept for `resolve`. */
export interface WaitingCommand {
  /** How often it was decided before and had more to do. */
  step: number
  readonly decide: (context: CommandContext) => CommandResult<unknown>
  readonly resolve: (response: unknown) => void
  readonly reject: (error: unknown) => void
}

export interface CommandGroup {
  /**
   * How many of the waiting commands are in it, the first ones. One that has more to do than a batch takes ends the group and
   * is not counted: it goes on with the next one, before all others.
   */
  readonly commandCount: number
  /** Empty when nothing changes. */
  readonly batches: readonly ProposedBatch[]
  /** Offset after the last batch of the group. */
  readonly endOffset: number
  readonly answer: () => void
  readonly refuse: (error: unknown) => void
}

export interface GroupOptions {
  /** What is committed. */
  readonly image: ClusterImage
  readonly configOf: (image: ClusterImage) => BrokerConfig
  readonly quorum: Pick<MetadataQuorum, 'encode' | 'endOffset' | 'leadership'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly sessions: BrokerSessionsView
  readonly random: Random
  readonly logger: Logger
}

export function decideGroup(waiting: readonly WaitingCommand[], options: GroupOptions): CommandGroup {
  const { configOf, quorum, clock, sessions, random, logger } = options
  const started = clock.monotonic()
  const batches: ProposedBatch[] = []
  const answers: (() => void)[] = []
  const refusals: ((error: unknown) => void)[] = []
  let image = options.image
  let endOffset = quorum.endOffset
  let sizeBytes = 0
  let commandCount = 0
  for (const command of waiting) {
    commandCount++
    try {
      const {
        batches: changes,
        response,
        isPartial = false,
      } = command.decide({
        image,
        config: configOf(image),
        nextOffset: endOffset,
        sessions,
        step: command.step,
        random: () => random.uint32(),
        newTopicId: () => newTopicId(random),
      })
      const proposed = changes.map((records) => quorum.encode(records))
      let overlay = image
      let overlayEndOffset = endOffset
      for (const { records } of proposed) {
        overlay = applyRecords(overlay, records, { offset: overlayEndOffset, epoch: quorum.leadership.epoch }).image
        overlayEndOffset += 1
      }
      image = overlay
      endOffset = overlayEndOffset
      for (const batch of proposed) {
        batches.push(batch)
        sizeBytes += batch.bytes.length
      }
      if (isPartial) {
        command.step++
        commandCount--
        break
      }
      answers.push(() => command.resolve(response))
      refusals.push(command.reject)
    } catch (error) {
      // One command is too much for the quorum, or has a bug. It has left no trace, so the others go on.
      if (!(error instanceof ControllerError)) logger.error('a controller command failed', { error })
      command.reject(error)
    }
    if (sizeBytes >= GROUP_BYTES_MAX || clock.monotonic() - started >= GROUP_MS_MAX) break
  }
  return {
    commandCount,
    batches,
    endOffset,
    answer: () => {
      for (const answer of answers) answer()
    },
    refuse: (error) => {
      for (const refuse of refusals) refuse(error)
    },
  }
}

/** The first ids have meanings of their own. */
const RESERVED_PREFIX = ZERO_UUID.slice(0, 20)

/** Also none that begins with '-', which command line tools would take for an option. */
export function newTopicId(random: Random): string {
  for (;;) {
    const id = uuidFromBytes(random.bytes(16))
    if (!id.startsWith('-') && !id.startsWith(RESERVED_PREFIX)) return id
  }
}
