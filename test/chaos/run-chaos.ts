/**
 * Kills nodes of a real cluster with signal 9, one after the other and sometimes two at a time, while producers write; then reads
 * everything back and holds it against what was acknowledged.
 */
import { createClient } from '@millrace/client'
import { seededRandom } from '@millrace/runtime'
import { ClusterCommand } from './cluster-command.ts'
import { Ledger, type Verdict } from './ledger.ts'
import { pause, Writers } from '../../bench/load/steady-writers.ts'

export interface ChaosOptions {
  readonly dataDir: string
  readonly kills: number
  readonly nodes: number
  readonly basePort: number
  readonly seed: number
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly kills: number
  readonly acknowledged: number
  /** For the last kill. */
  readonly gapMs: number
}

export interface ChaosResult extends Verdict {
  readonly kills: number
  readonly seconds: number
  /** For each round: the longest time that one partition went without an acknowledgement. */
  readonly gapsMs: readonly number[]
}

const TOPICS = [
  { name: 'flushed', partitions: 6, configs: { durability: 'fsync' } },
  { name: 'replicated', partitions: 6, configs: { durability: 'replicated' } },
]
const REPLICAS = 3
const WRITERS = 2
const RECORDS_PER_SECOND = 300
/** Of a round, that a second node dies while the first is down: then there may be nobody left to acknowledge for a while. */
const SECOND_VICTIM_PROBABILITY = 0.2
/** Of a round, that it begins before every replica has caught up. */
const IMPATIENT_PROBABILITY = 0.25
const DOWN_MS_MAX = 2_000
const ROUND_DEADLINE_MS = 60_000

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const cluster = new ClusterCommand(options.dataDir)
  const random = seededRandom(options.seed)
  const draw = (): number => random.uint32() / 2 ** 32
  const status = await cluster.up(options.nodes, options.basePort)
  const brokers = status.map(({ address }) => address).join(',')
  const startMs = performance.now()
  const gapsMs: number[] = []
  let kills = 0
  try {
    await using client = createClient({ brokers })
    const replicationFactor = Math.min(REPLICAS, options.nodes)
    await client.admin().createTopics(TOPICS.map((topic) => ({ ...topic, replicationFactor })))
    const ledger = new Ledger()
    await using writers = new Writers({ brokers, topics: TOPICS, witness: ledger, writers: WRITERS, recordsPerSecond: RECORDS_PER_SECOND })
    await writers.allAcknowledge(ROUND_DEADLINE_MS)
    writers.takeLongestGapMs()
    while (kills < options.kills) {
      if (draw() >= IMPATIENT_PROBABILITY) await inSync(client)
      const victims = [1 + Math.floor(draw() * options.nodes)]
      if (draw() < SECOND_VICTIM_PROBABILITY && kills + 1 < options.kills) victims.push(((victims[0] as number) % options.nodes) + 1)
      for (const victim of victims) {
        await cluster.kill(victim)
        await pause(draw() * DOWN_MS_MAX)
      }
      await Promise.all(victims.map((victim) => cluster.start(victim)))
      await writers.allAcknowledge(ROUND_DEADLINE_MS)
      kills += victims.length
      gapsMs.push(writers.takeLongestGapMs())
      options.onProgress?.({ kills, acknowledged: ledger.acknowledgedCount, gapMs: gapsMs.at(-1) ?? 0 })
    }
    await writers.finish()
    const verdict = await ledger.judge(readAll(brokers))
    return { ...verdict, kills, gapsMs, seconds: (performance.now() - startMs) / 1000 }
  } finally {
    await cluster.down()
  }
}

/** Resolves when every replica of every partition is in sync. */
async function inSync(client: ReturnType<typeof createClient>): Promise<void> {
  const deadlineMs = performance.now() + ROUND_DEADLINE_MS
  for (;;) {
    const topics = await client.admin().listTopics()
    const behind = topics.flatMap(({ name, partitions }) =>
      partitions
        .filter(({ leaderId, isr, replicas }) => leaderId === null || isr.length < replicas.length)
        .map((each) => ({ name, ...each })),
    )
    if (behind.length === 0) return
    if (performance.now() > deadlineMs) throw new Error(`replicas did not come back into sync: ${JSON.stringify(behind)}`)
    await pause(100)
  }
}

async function* readAll(brokers: string) {
  await using client = createClient({ brokers })
  await using consumer = client.consumer()
  await consumer.assign(TOPICS.map(({ name }) => ({ topic: name, from: 'earliest' as const, until: 'end' as const })))
  for await (const { topic, partition, offset, value } of consumer) {
    const record = new TextDecoder()
      .decode(value ?? new Uint8Array())
      .split(' ', 2)
      .join(' ')
    yield { topic, partition, offset, record }
  }
}
