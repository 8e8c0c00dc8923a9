/**
 * Apache Kafka's tools for groups and transactions say the same to a Millrace broker as to one of their own: what operators ask about
 * groups of both protocols and do to their offsets, transactions that are listed and described.
 */
import { join } from 'node:path'
import { createClient } from '@millrace/client'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../integration/testing/temporary-directory.ts'
import { type ApacheKafka, kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { hasKcat, Kcat } from './kcat.ts'
import { runToolStep, type ToolStep } from './tool-comparison.ts'
import { ToolHost } from './tool-host.ts'

const GROUPS = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
const ALL_GROUPS = 'org.apache.kafka.tools.GroupsCommand'
const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
const TRANSACTIONS = 'org.apache.kafka.tools.TransactionsCommand'
const PERFORMANCE = 'org.apache.kafka.tools.ProducerPerformance'
const PERFORMANCE_ARGS =
  '--topic moved --num-records 500 --record-size 100 --throughput -1 --transactional-id perf --transaction-duration-ms 30000'
const COUNT = 200

const STEPS: readonly ToolStep[] = [
  { tool: CONSUMER, args: '--topic text --group readers --from-beginning --max-messages 150' },
  { tool: GROUPS, args: '--list --state' },
  { tool: GROUPS, args: '--describe --group readers' },
  { tool: GROUPS, args: '--describe --group readers --state' },
  { tool: GROUPS, args: '--describe --group nobody', isRefused: true },
  { tool: GROUPS, args: '--reset-offsets --group readers --topic text --to-offset 100 --execute' },
  { tool: GROUPS, args: '--reset-offsets --group readers --topic text --shift-by -10 --dry-run' },
  { tool: GROUPS, args: '--describe --group readers --offsets' },
  { tool: GROUPS, args: '--delete-offsets --group readers --topic text' },
  { tool: GROUPS, args: '--delete --group readers' },
  { tool: GROUPS, args: '--delete --group nobody', isRefused: true },

  { tool: CONSUMER, args: '--topic text --group modern --from-beginning --max-messages 150 --command-property group.protocol=consumer' },
  { tool: GROUPS, args: '--list --state --type' },
  { tool: GROUPS, args: '--describe --group modern --offsets' },
  { tool: ALL_GROUPS, args: '--list' },

  { tool: PERFORMANCE, args: PERFORMANCE_ARGS },
  { tool: TRANSACTIONS, args: 'list' },
  { tool: TRANSACTIONS, args: 'describe --transactional-id perf' },
]

describe.skipIf(kafkaHome === null)("Apache Kafka's tools for groups", () => {
  let directory: TemporaryDirectory
  let millrace: RunningBroker
  let kafka: ApacheKafka
  /** One for each broker, so that both are asked at once. */
  let hosts: readonly [ToolHost, ToolHost]

  beforeAll(async () => {
    hosts = [new ToolHost(), new ToolHost()]
    directory = temporaryDirectory()
    millrace = await startBroker({ port: 0, dataDir: join(directory.path, 'millrace') })
    kafka = await startApacheKafka()
    for (const { address } of [kafka, millrace]) await fill(address)
  })

  afterAll(async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]()
    await kafka[Symbol.asyncDispose]()
    await millrace.close()
    directory[Symbol.dispose]()
  })

  async function fill(address: string): Promise<void> {
    await using client = createClient({ brokers: address })
    await client.admin().createTopics(['text', 'moved'].map((name) => ({ name, partitions: 1, replicationFactor: 1 })))
    const producer = client.producer()
    await Promise.all(Array.from({ length: COUNT }, (_, index) => producer.send({ topic: 'text', value: `line ${index}` })))
  }

  const runBoth = (step: ToolStep) => {
    const [byKafka, byMillrace] = hosts
    return Promise.all([
      runToolStep(byKafka, step, kafka.address, directory.path),
      runToolStep(byMillrace, step, millrace.address, directory.path),
    ])
  }

  it.each(STEPS)('$tool $args', async (step) => {
    const [expected, found] = await runBoth(step)
    expect(found).toEqual(expected)
  })

  it.skipIf(!hasKcat)('members that are there are described, and their offsets left alone', async () => {
    const consumers = [kafka, millrace].map(({ address }) => {
      const settings = ['-X', 'client.id=kcat', '-X', 'auto.offset.reset=earliest']
      return new Kcat(['-b', address, '-G', 'live', '-u', ...settings, 'text'], { keepsText: true })
    })
    try {
      await expect.poll(() => consumers.map(({ text }) => text.split('\n').length - 1), { timeout: 60_000 }).toEqual([COUNT, COUNT])
      for (const args of [
        '--describe --group live --members --verbose',
        '--reset-offsets --group live --topic text --to-earliest --execute',
        '--delete --group live',
      ]) {
        const [expected, found] = await runBoth({ tool: GROUPS, args })
        expect(found).toEqual(expected)
      }
    } finally {
      for (const { child } of consumers) child.kill()
      await Promise.all(consumers.map((consumer) => consumer.ended()))
    }
  })
})
