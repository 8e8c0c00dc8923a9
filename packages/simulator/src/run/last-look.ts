/** The look at what a run left: everything is read, replicas are compared, the power is cut, and everything is read again. */
import type { Client } from '@millrace/client'
import { lostRecords } from '../checkers/acknowledged-survive.ts'
import { findContradiction } from '../checkers/linearizable-metadata.ts'
import { duplicatesAndReorderings } from '../checkers/once-and-in-order.ts'
import type { ReadsAgree } from '../checkers/reads-agree.ts'
import { firstDifference } from '../checkers/replicas-equal.ts'
import type { WatchedNode } from '../checkers/watched-node.ts'
import { readAll, type ReadRecord } from '../workload/consuming.ts'
import type { History } from '../workload/history.ts'
import type { MetadataHistory } from '../workload/metadata-history.ts'
import { COPIES, type Groups } from '../workload/groups/groups.ts'
import { TRANSFERS, type Transfers } from '../workload/transactions/transfers.ts'
import type { Cluster } from '../world/cluster.ts'
import { DATA_DIR } from '../world/running-node.ts'
import type { World } from '../world/world.ts'
import { areAllAtHighWatermark, areTransactionsEnded, storedPartitions } from './cluster-state.ts'
import type { Deadlines } from './deadlines.ts'
import type { Machines } from './machines.ts'
import { TOPIC } from './names.ts'
import type { Plan } from './plan.ts'

/** Beside the time that the bytes need on their way. */
const READ_WITHIN_MS = 60_000
const SAME_WITHIN_MS = 60_000
const ENDED_WITHIN_MS = 30_000
const RECORD_OVERHEAD_BYTES = 100

export interface LastLookOptions {
  readonly world: World
  readonly plan: Plan
  readonly cluster: Cluster
  readonly machines: Machines
  readonly deadlines: Deadlines
  readonly history: History
  readonly metadata: MetadataHistory
  readonly agree: ReadsAgree
  readonly transfers: Transfers | null
  readonly groups: Groups | null
}

export class LastLook {
  readonly #options: LastLookOptions

  constructor(options: LastLookOptions) {
    this.#options = options
  }

  async atEverything(): Promise<void> {
    const { world, plan, cluster, metadata } = this.#options
    await this.#lookAtTransfers('10.0.3.3')
    const left = await this.#readAll('10.0.3.1')
    this.#checkRecords(left)
    await this.#lookAtGroups('10.0.3.5', left, true)
    await this.#compareReplicas()
    const contradiction = findContradiction(metadata.operations)
    if (contradiction !== null) world.violate('metadata is linearizable', contradiction)
    // What was acknowledged is on disk: no power is needed to keep it.
    for (const name of cluster.names) cluster.crash(name, plan.durability === 'fsync' ? 'power' : 'process', 10)
    this.#checkRecords(await this.#readAll('10.0.3.2'))
    await this.#lookAtTransfers('10.0.3.4')
    await this.#lookAtGroups('10.0.3.6', left, false)
  }

  /** What was left open takes too long, and is aborted. */
  async #lookAtTransfers(address: string): Promise<void> {
    const { transfers, cluster } = this.#options
    if (transfers === null) return
    const areEnded = (): boolean => transfers.areAllEnded(cluster.watched())
    await this.#readingFrom(address, async (client) => {
      await this.#readEnded(client, TRANSFERS, 'every transaction ends', areEnded)
      await transfers.lookAtWhatIsLeft(client)
    })
  }

  /** Resolves with what is committed when nothing is open any more. */
  async #readEnded(client: Client, topic: string, what: string, areEnded: () => boolean): Promise<readonly (readonly ReadRecord[])[]> {
    const { deadlines, plan } = this.#options
    const untilEnded = (): Promise<void> => deadlines.until(ENDED_WITHIN_MS, what, areEnded)
    await untilEnded()
    let found = await readAll(client, topic, plan.partitions)
    // A log that nobody has read since its leader started was not open, and did not show what is open in it.
    while (!areEnded()) {
      await untilEnded()
      found = await readAll(client, topic, plan.partitions)
    }
    return found
  }

  /** `left`: what members had to read. */
  async #lookAtGroups(address: string, left: readonly (readonly ReadRecord[])[], isFirst: boolean): Promise<void> {
    const { groups, cluster, deadlines, machines } = this.#options
    if (groups === null) return
    const host = machines.addNamed(`looker ${address}`, address)
    await deadlines.within(READ_WITHIN_MS, 'every group is left with its offsets and no members', () =>
      groups.lookAtWhatIsLeft(host, isFirst),
    )
    if (!groups.areCopying) return
    const areEnded = (): boolean => areTransactionsEnded(cluster.watched(), COPIES)
    const copies = await this.#readingFrom(`${address}1`, (client) =>
      this.#readEnded(client, COPIES, 'every copy is made or given up', areEnded),
    )
    groups.checkCopies(left, copies)
  }

  /** Nobody writes any more, so that all replicas come to hold the same. */
  async #compareReplicas(): Promise<void> {
    const { world, cluster, deadlines } = this.#options
    const watched = (): readonly WatchedNode[] => cluster.watched()
    await deadlines.until(SAME_WITHIN_MS, 'all replicas end at the high watermark', () => areAllAtHighWatermark(watched()))
    const disks = new Map(cluster.names.map((name, index) => [index + 1, { node: name, disk: cluster.host(name).disk.memory }]))
    for (const { topic, partition, endOffset, replicas } of storedPartitions(watched())) {
      const stored = replicas.flatMap((nodeId) => {
        const where = disks.get(nodeId)
        return where === undefined ? [] : [{ ...where, directory: `${DATA_DIR}/${topic}-${partition}` }]
      })
      const difference = firstDifference(stored, endOffset)
      if (difference !== null) world.violate('replicas are equal', `${topic}-${partition}: ${difference}`)
    }
  }

  #checkRecords(found: readonly (readonly ReadRecord[])[]): void {
    const { world, agree, history } = this.#options
    found.forEach((records, partition) => {
      for (const { offset, value } of records) agree.observe('the last look', partition, offset, value)
      agree.checkFinal(partition, records)
    })
    for (const message of lostRecords(history.sent, found)) world.violate('acknowledged records survive', message)
    for (const message of duplicatesAndReorderings(history, found)) world.violate('once and in order', message)
  }

  async #readAll(address: string): Promise<readonly (readonly ReadRecord[])[]> {
    return this.#readingFrom(address, (client) => readAll(client, TOPIC, this.#options.plan.partitions))
  }

  async #readingFrom<T>(address: string, read: (client: Client) => Promise<T>): Promise<T> {
    const { machines, deadlines } = this.#options
    const host = machines.addNamed(`reader ${address}`, address)
    // After a power cut with many small segments on a slow disk, recovery alone takes longer than clients commonly wait.
    const client = machines.client(host, { requestTimeoutMs: READ_WITHIN_MS, retryTimeoutMs: READ_WITHIN_MS })
    const found = await deadlines.within(READ_WITHIN_MS + this.#wayMs, 'everything can be read', () => read(client))
    await client.close()
    host.crash('process')
    return found
  }

  /** For all records over one connection of the slowest kind that this network has. */
  get #wayMs(): number {
    const { plan, history } = this.#options
    const { bytesPerMs, windowBytes, latencyMsMax, valueBytesMax } = plan.knobs
    const bytes = history.sent.length * (valueBytesMax + RECORD_OVERHEAD_BYTES)
    return bytes / Math.min(bytesPerMs, windowBytes / (2 * latencyMsMax))
  }
}
