/**
 * Transactions of Apache Kafka's own client and tools, in both protocols, against a Millrace broker and one of Apache Kafka: what they
 * print is the same, line by line. And an operator finds a transaction that hangs, and ends it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@millrace/client'
import { buildBatch, initProducerIdApi, listOffsetsApi, produceApi } from '@millrace/protocol'
import { crc32c } from '@millrace/runtime'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../integration/testing/temporary-directory.ts'
import { WireConnection } from '../integration/testing/wire-connection.ts'
import { type ApacheKafka, kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { kafkaTool } from './kafka-tool.ts'

const PROGRAM = fileURLToPath(new URL('java/Transactions.java', import.meta.url))
const COMMAND = 'org.apache.kafka.tools.TransactionsCommand'
const FEATURES = 'org.apache.kafka.tools.FeatureCommand'
const HOUR_MS = 3_600_000
const LATEST = -1
const PROTOCOLS = [
  { protocol: 'first', level: 0 },
  { protocol: 'second', level: 2 },
]

describe.skipIf(kafkaHome === null)("transactions of Apache Kafka's client", () => {
  let directory: TemporaryDirectory
  let millrace: RunningBroker
  let kafka: ApacheKafka

  beforeAll(async () => {
    directory = temporaryDirectory()
    millrace = await startBroker({ port: 0, dataDir: join(directory.path, 'millrace') })
    kafka = await startApacheKafka()
  })

  afterAll(async () => {
    await kafka[Symbol.asyncDispose]()
    await millrace.close()
    directory[Symbol.dispose]()
  })

  it.each(PROTOCOLS)('end as with Apache Kafka in the $protocol protocol', { timeout: 180_000 }, async ({ protocol, level }) => {
    const topic = `of-the-${protocol}-protocol`
    const printed = async (address: string): Promise<string> => {
      await using client = createClient({ brokers: address })
      await client.admin().createTopics([{ name: topic, partitions: 3 }])
      await setProtocol(address, level)
      return runProgram(address, topic, `transactions-${protocol}`)
    }
    const [expected, found] = await Promise.all([printed(kafka.address), printed(millrace.address)])
    expect(expected).toContain('committed by the next producer')
    expect(found).toBe(expected)
  })

  it('can be listed and described', { timeout: 120_000 }, async () => {
    const listed = async (address: string): Promise<readonly string[]> => {
      const { lines } = await transactionsCommand(address, 'list')
      return lines
        .map((line) => line.replaceAll(/\s+/g, ' ').trim().split(' '))
        .map(([id, , , state]) => `${id} ${state}`)
        .sort()
    }
    const described = async (address: string): Promise<string> => {
      const { lines } = await transactionsCommand(address, 'describe', '--transactional-id', 'transactions-second')
      const [header = '', values = ''] = lines
      const fields = header.split('\t').map((name, index) => [name.trim(), values.split('\t')[index]?.trim()] as const)
      return JSON.stringify(
        fields.filter(([name]) => /^(TransactionalId|ProducerEpoch|TransactionState|TransactionTimeoutMs|Topic)/.test(name)),
      )
    }
    const [theirs, ours] = [kafka.address, millrace.address]
    expect(await listed(ours)).toEqual(await listed(theirs))
    expect(await described(ours)).toBe(await described(theirs))
  })

  it('that hang are found by an operator, and ended', { timeout: 180_000 }, async () => {
    await using client = createClient({ brokers: millrace.address })
    await client.admin().createTopics([{ name: 'hung', partitions: 1 }])
    await using connection = await WireConnection.open(millrace)
    const { producerId, producerEpoch } = await connection.call(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 0 })
    await setVerification(millrace.address, false)
    // A batch of a transaction that no coordinator knows of. What is older than the longest transaction may be found.
    const record = { timestamp: Date.now() - HOUR_MS, key: null, value: Buffer.from('hung') }
    const producer = { producerId, producerEpoch, baseSequence: 0, isTransactional: true }
    const records = buildBatch({ records: [record], crc32c, ...producer })
    const { responses } = await connection.call(produceApi, 11, {
      transactionalId: 'nobody-s',
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: 'hung', partitionData: [{ index: 0, records }] }],
    })
    expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 })
    await setVerification(millrace.address, true)

    const find = async (): Promise<readonly string[]> =>
      (await transactionsCommand(millrace.address, 'find-hanging', '--broker-id', '1')).lines
    const [header, found, ...others] = await find()
    expect(header).toMatch(/^Topic\s+Partition\s+ProducerId\s+ProducerEpoch\s+CoordinatorEpoch\s+StartOffset/)
    expect(found?.split(/\s+/).slice(0, 6)).toEqual(['hung', '0', String(producerId), '0', '-1', '0'])
    expect(others).toEqual([])
    const ended = await transactionsCommand(millrace.address, 'abort', '--topic', 'hung', '--partition', '0', '--start-offset', '0')
    expect(ended).toEqual({ exitCode: 0, lines: [] })
    expect((await find()).filter((line) => line.startsWith('hung'))).toEqual([])
    const partitions = [{ partitionIndex: 0, timestamp: LATEST }]
    const { topics } = await connection.call(listOffsetsApi, 7, {
      replicaId: -1,
      isolationLevel: 1,
      topics: [{ name: 'hung', partitions }],
    })
    expect(topics[0]?.partitions[0]).toMatchObject({ offset: 2 })
  })
})

function transactionsCommand(address: string, ...args: readonly string[]) {
  return kafkaTool(COMMAND, ['--bootstrap-server', address, ...args])
}

/** The level of the feature by which producers choose their protocol. */
async function setProtocol(address: string, level: number): Promise<void> {
  const { lines } = await kafkaTool(FEATURES, ['--bootstrap-server', address, 'describe'])
  const current = Number(/transaction\.version.*FinalizedVersionLevel:\s*(\d+)/.exec(lines.join('\n'))?.[1] ?? 0)
  if (current === level) return
  const { exitCode, lines: said } = await kafkaTool(FEATURES, [
    '--bootstrap-server',
    address,
    level < current ? 'downgrade' : 'upgrade',
    '--feature',
    `transaction.version=${level}`,
  ])
  expect({ exitCode, said }).toMatchObject({ exitCode: 0 })
}

async function setVerification(address: string, isVerifying: boolean): Promise<void> {
  const config = `transaction.partition.verification.enable=${isVerifying}`
  const args = ['--bootstrap-server', address, '--alter', '--entity-type', 'brokers', '--entity-default', '--add-config', config]
  expect(await kafkaTool('kafka.admin.ConfigCommand', args)).toMatchObject({ exitCode: 0 })
}

/** What the program prints; compiled in memory each time. */
async function runProgram(...args: readonly string[]): Promise<string> {
  const classpath = join(kafkaHome ?? '', 'libs', '*')
  const child = spawn('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', classpath, PROGRAM, ...args])
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  if (exitCode !== 0) throw new Error(`the program ended with ${exitCode}: ${errors.slice(-2_000)}`)
  return output
}
