/**
 * Copies and transfers on a real cluster while nodes and clients are killed with signal 9, and clients come back from the dead; then
 * reads everything that is committed, and holds it against what exactly once means.
 */
import { createClient } from '@millrace/client'
import { seededRandom } from '@millrace/runtime'
import { pause, Writers } from '../../bench/load/steady-writers.ts'
import { ClusterCommand } from '../chaos/cluster-command.ts'
import { COPIES, ORIGINALS, type Topic, TRANSFERS } from './topics.ts'
import { type CopyVerdict, judgeCopies, judgeTransfers, type TransferVerdict } from './verdict.ts'
import { Workers } from './workers.ts'

export interface ExactlyOnceOptions {
  readonly dataDir: string
  readonly seconds: number
  readonly nodes: number
  readonly basePort: number
  readonly seed: number
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly nodesKilled: number
  readonly clientsKilled: number
  /** Clients that went on after another had taken their place. */
  readonly zombies: number
  readonly copied: number
  readonly transfers: number
}

export interface ExactlyOnceResult extends Progress {
  readonly copies: CopyVerdict
  readonly transferred: TransferVerdict
  /** Clients that ended by themselves, because an error was more than they could get over. */
  readonly clientFailures: number
  readonly lastFailure: string
}

const REPLICAS = 3
const TRANSFER_WORKERS = 2
const RECORDS_PER_SECOND = 200
const DOWN_MS_MAX = 2_000
const ZOMBIE_SLEEP_MS_MAX = 3_000
/** Longer than the longest that a transaction of a client that is gone may stay open. */
const PROGRESS_DEADLINE_MS = 90_000
const POLL_MS = 50

export async function runExactlyOnce(options: ExactlyOnceOptions): Promise<ExactlyOnceResult> {
  const cluster = new ClusterCommand(options.dataDir)
  const status = await cluster.up(options.nodes, options.basePort)
  const brokers = status.map(({ address }) => address).join(',')
  const workers = await begin(brokers, options.nodes)
  const counts = { nodesKilled: 0, clientsKilled: 0, zombies: 0 }
  const progress = (): Progress => ({ ...counts, copied: workers.committed.copy.length, transfers: workers.committed.transfer.length })
  try {
    const witness = { acknowledge: () => {}, giveUp: () => {} }
    await using writers = new Writers({ brokers, topics: [ORIGINALS], witness, writers: 1, recordsPerSecond: RECORDS_PER_SECOND })
    await everybodyGoesOn(workers)
    const random = seededRandom(options.seed)
    const draw = (limit: number): number => random.uint32() % limit
    const deadlineMs = performance.now() + options.seconds * 1_000
    while (performance.now() < deadlineMs) {
      const fault = draw(10)
      if (fault < 4) {
        const nodeId = 1 + draw(options.nodes)
        await cluster.kill(nodeId)
        counts.nodesKilled += 1
        // While it is away, somebody else may go as well.
        if (fault === 0) workers.kill(draw(workers.count))
        await pause(draw(DOWN_MS_MAX))
        await cluster.start(nodeId)
      } else if (fault < 8) {
        workers.kill(draw(workers.count))
        counts.clientsKilled += 1
      } else {
        const zombie = workers.replace(draw(workers.count))
        await pause(draw(ZOMBIE_SLEEP_MS_MAX))
        zombie.wake()
        counts.zombies += 1
      }
      await everybodyGoesOn(workers)
      options.onProgress?.(progress())
    }
    await writers.finish()
    await everythingIsCopied(brokers, workers)
    await workers.stop()
    const copies = judgeCopies(await read(brokers, ORIGINALS), await read(brokers, COPIES))
    const entries = (await read(brokers, TRANSFERS)).flat()
    const transferred = judgeTransfers(entries, workers.committed.transfer, workers.aborted.transfer)
    return { ...progress(), copies, transferred, clientFailures: workers.failures, lastFailure: workers.lastFailure }
  } finally {
    workers.killAll()
    await cluster.down()
  }
}

async function begin(brokers: string, nodes: number): Promise<Workers> {
  await using client = createClient({ brokers })
  const replicationFactor = Math.min(REPLICAS, nodes)
  await client.admin().createTopics([ORIGINALS, COPIES, TRANSFERS].map((topic) => ({ ...topic, replicationFactor })))
  return new Workers(brokers, [
    ...Array.from({ length: ORIGINALS.partitions }, (_, index) => ({ kind: 'copy' as const, index })),
    ...Array.from({ length: TRANSFER_WORKERS }, (_, index) => ({ kind: 'transfer' as const, index })),
  ])
}

/** Resolves when every worker has had something confirmed that it began after now. */
async function everybodyGoesOn(workers: Workers): Promise<void> {
  workers.listenAnew()
  await eventually(
    () => workers.silent().length === 0,
    () => `${JSON.stringify(workers.silent())} have nothing confirmed; the last failure: ${workers.lastFailure}`,
  )
}

/** A client that was killed may have copied the last of them, and told nobody. */
async function everythingIsCopied(brokers: string, workers: Workers): Promise<void> {
  const originals = await read(brokers, ORIGINALS)
  const isCopied = async (): Promise<boolean> => {
    const copies = await read(brokers, COPIES)
    return originals.every(({ length }, partition) => (copies[partition]?.length ?? 0) >= length)
  }
  await eventually(isCopied, () => `there are not as many copies as originals; the last failure: ${workers.lastFailure}`)
}

async function eventually(holds: () => boolean | Promise<boolean>, complaint: () => string): Promise<void> {
  const deadlineMs = performance.now() + PROGRESS_DEADLINE_MS
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(complaint())
    await pause(POLL_MS)
  }
}

/** The committed values of each partition. */
async function read(brokers: string, topic: Topic): Promise<readonly (readonly string[])[]> {
  await using client = createClient({ brokers })
  await using consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: topic.name, from: 'earliest', until: 'end' }])
  const values: string[][] = Array.from({ length: topic.partitions }, () => [])
  for await (const { partition, value } of consumer)
    values[partition]?.push(
      Buffer.from(value ?? [])
        .toString()
        .trimEnd(),
    )
  return values
}
