/**
 * What the active controller does of its own accord: it settles what the one before left behind, doubts the brokers of
 * controllers that are silent, and from time to time gives partitions back to their preferred leaders. Nobody waits for it, and
 * what is not done now the next controller does.
 */
import type { BrokerConfig, MetadataFeed } from '@millrace/metadata'
import type { Clock, Logger, Timer } from '@millrace/runtime'
import { balanceLeaders } from '../core/balance-leaders.ts'
import type { Command } from '../core/command.ts'
import { settlePartitions } from '../core/settle-partitions.ts'
import { beginWithFeatures } from '../core/update-features.ts'
import type { MetadataQuorum } from './metadata-quorum.ts'

/** Three of Raft's heartbeats: who lives has answered one by then. */
const PEER_SILENCE_MS = 300

export interface ActiveDutiesOptions {
  readonly nodeId: number
  readonly quorum: Pick<MetadataQuorum, 'describe' | 'unreachablePeers'>
  readonly feed: MetadataFeed
  readonly clock: Clock
  readonly logger: Logger
  readonly config: () => BrokerConfig
  readonly submit: <Response>(command: Command<null, Response>) => Promise<Response>
  readonly suspect: (brokerId: number, brokerEpoch: number) => void
}

export class ActiveDuties {
  readonly #options: ActiveDutiesOptions
  #balanceTimer: Timer | null = null
  #silenceTimer: Timer | null = null

  constructor(options: ActiveDutiesOptions) {
    this.#options = options
  }

  /** This controller has become the active one. */
  begin(): void {
    this.#suspect(this.#options.quorum.unreachablePeers())
    this.#suspectSilentPeersLater()
    this.#do(beginWithFeatures)
    this.#do(settlePartitions)
    this.#balanceLater()
  }

  /** It is not any more, or closes. Idempotent. */
  end(): void {
    this.#balanceTimer?.cancel()
    this.#balanceTimer = null
    this.#silenceTimer?.cancel()
    this.#silenceTimer = null
  }

  #do<Response>(command: Command<null, Response>): void {
    const { submit, logger } = this.#options
    submit(command).catch((error: unknown) => logger.warn('a task of the controller was not done', { error }))
  }

  /**
   * The controller before this one may have died, and with it the broker of its process. That broker never had a line here whose
   * breaking would tell, and would be waited for a whole session; but Raft knows whose connection broke, and whom it has not heard of.
   */
  #suspect(peers: readonly number[]): void {
    const { feed, nodeId, suspect } = this.#options
    for (const peer of peers) {
      const broker = feed.image().brokers.get(peer)
      if (broker !== undefined && peer !== nodeId) suspect(broker.id, broker.epoch)
    }
  }

  #suspectSilentPeersLater(): void {
    const { clock, quorum } = this.#options
    const sinceMs = clock.now()
    this.#silenceTimer = clock.setTimer(PEER_SILENCE_MS, () => {
      this.#silenceTimer = null
      const { voters } = quorum.describe()
      this.#suspect(voters.filter(({ lastFetchMs }) => lastFetchMs < sinceMs).map((voter) => voter.nodeId))
    })
  }

  #balanceLater(): void {
    const { clock, config } = this.#options
    this.#balanceTimer = clock.setTimer(config().get('leader.imbalance.check.interval.seconds') * 1000, () => {
      this.#balanceLater()
      void this.#balance()
    })
  }

  /** Never rejects. */
  async #balance(): Promise<void> {
    const { submit, logger } = this.#options
    try {
      // Some at a time, and other commands in between.
      while (this.#balanceTimer !== null && (await submit(balanceLeaders))) continue
    } catch (error) {
      logger.warn('leaders were not balanced', { error })
    }
  }
}
