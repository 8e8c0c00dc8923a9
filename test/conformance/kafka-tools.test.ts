/**
 * Apache Kafka's command line tools say the same to a Millrace broker as to one of their own: each step runs against both, and
 * what comes out is compared line by line, without what must differ.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../integration/testing/temporary-directory.ts'
import { type ApacheKafka, kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { runToolStep, type ToolStep } from './tool-comparison.ts'
import { ToolHost } from './tool-host.ts'

const TOPICS = 'org.apache.kafka.tools.TopicCommand'
const CONFIGS = 'kafka.admin.ConfigCommand'
const OFFSETS = 'org.apache.kafka.tools.GetOffsetShell'
const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
const PRODUCER = 'org.apache.kafka.tools.ConsoleProducer'
const ALTER_GROUP = '--alter --entity-type groups --entity-name readers'
const TEXT = Array.from({ length: 200 }, (_, index) => `line ${index}\n`).join('')

const STEPS: readonly ToolStep[] = [
  { tool: TOPICS, args: '--create --topic orders --partitions 3' },
  { tool: TOPICS, args: '--create --topic small --config retention.ms=1000 --config max.message.bytes=2000' },
  { tool: TOPICS, args: '--create --topic assigned --replica-assignment 1,1' },
  { tool: TOPICS, args: '--create --topic orders', isRefused: true },
  { tool: TOPICS, args: '--create --topic wide --replication-factor 3', isRefused: true },
  { tool: TOPICS, args: '--create --topic bad/name', isRefused: true },
  { tool: TOPICS, args: '--create --topic odd --config no.such=1', isRefused: true },
  { tool: TOPICS, args: '--alter --topic orders --partitions 5' },
  { tool: TOPICS, args: '--alter --topic orders --partitions 2', isRefused: true },
  { tool: TOPICS, args: '--describe' },
  { tool: TOPICS, args: '--describe --topic unknown', isRefused: true },
  { tool: TOPICS, args: '--delete --topic assigned' },
  { tool: TOPICS, args: '--list' },

  {
    tool: CONFIGS,
    args: '--alter --entity-type topics --entity-name small --add-config retention.ms=5000,cleanup.policy=[compact,delete]',
  },
  { tool: CONFIGS, args: '--alter --entity-type topics --entity-name small --delete-config retention.ms' },
  { tool: CONFIGS, args: '--describe --entity-type topics --entity-name small' },
  { tool: CONFIGS, args: '--alter --entity-type topics --entity-name small --add-config retention.ms=soon', isRefused: true },
  { tool: CONFIGS, args: '--alter --entity-type topics --entity-name unknown --add-config retention.ms=1', isRefused: true },
  { tool: CONFIGS, args: '--alter --entity-type brokers --entity-default --add-config message.max.bytes=2000000' },
  { tool: CONFIGS, args: '--alter --entity-type brokers --entity-name 1 --add-config log.retention.ms=60000' },
  { tool: CONFIGS, args: '--describe --entity-type brokers --entity-name 1' },

  {
    tool: CONFIGS,
    args: `${ALTER_GROUP} --add-config consumer.session.timeout.ms=50000,consumer.heartbeat.interval.ms=6000`,
  },
  { tool: CONFIGS, args: `${ALTER_GROUP} --delete-config consumer.heartbeat.interval.ms` },
  { tool: CONFIGS, args: '--describe --entity-type groups' },
  { tool: CONFIGS, args: `${ALTER_GROUP} --add-config consumer.session.timeout.ms=1`, isRefused: true },
  { tool: CONFIGS, args: `${ALTER_GROUP} --add-config no.such=1`, isRefused: true },

  { tool: PRODUCER, args: '--topic text --command-property compression.type=zstd', stdin: TEXT },
  { tool: PRODUCER, args: '--topic text --command-property acks=1 --command-property enable.idempotence=false', stdin: TEXT },
  { tool: CONSUMER, args: '--topic text --partition 0 --offset earliest --max-messages 400' },
  { tool: CONSUMER, args: '--topic text --partition 0 --offset 150 --max-messages 100 --isolation-level read_committed' },
  { tool: OFFSETS, args: '--topic text' },
  { tool: OFFSETS, args: '--topic text --time 1' },
  { tool: OFFSETS, args: '--topic text --time 99999999999999' },
  { tool: OFFSETS, args: '--topic unknown', isRefused: true },
  { tool: 'org.apache.kafka.tools.DeleteRecordsCommand', args: '--offset-json-file $directory/delete-records' },
  { tool: OFFSETS, args: '--topic text --time earliest' },

  { tool: 'org.apache.kafka.tools.VerifiableProducer', args: '--topic verified --max-messages 50 --acks -1' },
  { tool: 'org.apache.kafka.tools.ProducerPerformance', args: '--topic fast --num-records 50000 --record-size 100 --throughput -1' },
  { tool: OFFSETS, args: '--topic fast' },
  { tool: 'org.apache.kafka.tools.TransactionsCommand', args: 'describe-producers --topic verified --partition 0' },
  { tool: 'org.apache.kafka.tools.LogDirsCommand', args: '--describe --topic-list small' },
  { tool: 'org.apache.kafka.tools.ClusterTool', args: 'list-endpoints' },
]

describe.skipIf(kafkaHome === null)("Apache Kafka's tools", () => {
  let directory: TemporaryDirectory
  let millrace: RunningBroker
  let kafka: ApacheKafka
  /** One for each broker, so that both are asked at once. */
  let hosts: readonly [ToolHost, ToolHost]

  beforeAll(async () => {
    hosts = [new ToolHost(), new ToolHost()]
    directory = temporaryDirectory()
    const partitions = [{ topic: 'text', partition: 0, offset: 120 }]
    writeFileSync(join(directory.path, 'delete-records'), JSON.stringify({ version: 1, partitions }))
    millrace = await startBroker({ port: 0, dataDir: join(directory.path, 'millrace') })
    kafka = await startApacheKafka()
  })

  afterAll(async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]()
    await kafka[Symbol.asyncDispose]()
    await millrace.close()
    directory[Symbol.dispose]()
  })

  it.each(STEPS)('$tool $args', async (step) => {
    const [byKafka, byMillrace] = hosts
    const [expected, found] = await Promise.all([
      runToolStep(byKafka, step, kafka.address, directory.path),
      runToolStep(byMillrace, step, millrace.address, directory.path),
    ])
    expect(found).toEqual(expected)
  })
})
