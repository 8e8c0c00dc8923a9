/**
 * Transactions in a run: producers that write in them to a topic of their own, an auditor who reads what is committed all the while, and
 * the look at what is left.
 */
import type { Client } from '@millrace/client'
import type { Address, Runtime } from '@millrace/runtime'
import { ReadsAgree } from '../../checkers/reads-agree.ts'
import { brokenTransactions } from '../../checkers/whole-transactions.ts'
import type { WatchedNode } from '../../checkers/watched-node.ts'
import type { RandomStream } from '../../core/random-streams.ts'
import { areTransactionsEnded } from '../../run/cluster-state.ts'
import type { World } from '../../world/world.ts'
import { consume, readAll, type ReadRecord } from '../consuming.ts'
import { transact } from './transacting.ts'
import { TransactionHistory } from './transaction-history.ts'

export const TRANSFERS = 'transfers'

/** Few coordinators, and no long wait for what was left open. */
export const TRANSACTION_CONFIGS = {
  'transaction.state.log.num.partitions': '2',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
}

export interface TransfersOptions {
  readonly world: World
  readonly partitions: number
  readonly brokers: readonly Address[]
}

export interface ClientPart {
  readonly name: string
  readonly random: RandomStream
  readonly isOver: () => boolean
}

export class Transfers {
  readonly #options: TransfersOptions
  readonly #history = new TransactionHistory()
  /** Of everything that is in the logs, and of what is committed. */
  readonly #everything: ReadsAgree
  readonly #committed: ReadsAgree
  /** All producers of a run under one id, or each under its own. */
  readonly #sharesId: boolean

  constructor(options: TransfersOptions) {
    this.#options = options
    const { world, partitions } = options
    const complain = (message: string): void => world.violate('reads agree', message)
    this.#everything = new ReadsAgree(partitions, this.#history.records, complain)
    this.#committed = new ReadsAgree(partitions, this.#history.records, complain)
    this.#sharesId = world.streams.stream('transactions').chance(0.5)
  }

  /** Writes until it is over. */
  transact(runtime: Runtime, part: ClientPart): Promise<void> {
    const { name } = part
    const transactionalId = this.#sharesId ? 'shared' : name
    const onAcknowledged = (partition: number, offset: number, value: string): void =>
      this.#everything.observe(name, partition, offset, value)
    return transact({ ...this.#options, ...part, runtime, topic: TRANSFERS, transactionalId, history: this.#history, onAcknowledged })
  }

  /** Reads what is committed until it is over. */
  audit(client: Client, part: ClientPart): Promise<void> {
    const { world } = this.#options
    const onRead = (partition: number, offset: number, value: string): void => {
      this.#everything.observe(part.name, partition, offset, value)
      this.#committed.observe(part.name, partition, offset, value)
    }
    return consume({ world, client, topic: TRANSFERS, random: part.random, isOver: part.isOver, onRead })
  }

  /** No transaction is open any more: what is committed is all there is. */
  areAllEnded(nodes: readonly WatchedNode[]): boolean {
    return areTransactionsEnded(nodes, TRANSFERS)
  }

  async lookAtWhatIsLeft(client: Client): Promise<void> {
    const { world, partitions } = this.#options
    this.#checkFinal(this.#everything, await readAll(client, TRANSFERS, partitions, 'read_uncommitted'))
    const committed = await readAll(client, TRANSFERS, partitions, 'read_committed')
    this.#checkFinal(this.#committed, committed)
    for (const message of brokenTransactions(this.#history, committed)) world.violate('transactions are whole', message)
  }

  #checkFinal(reads: ReadsAgree, found: readonly (readonly ReadRecord[])[]): void {
    found.forEach((records, partition) => {
      for (const { offset, value } of records) reads.observe('the last look', partition, offset, value)
      reads.checkFinal(partition, records)
    })
  }
}
