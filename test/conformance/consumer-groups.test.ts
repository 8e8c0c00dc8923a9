/** Consumer groups as Apache Kafka's own consumer and tools, and kcat, know them. */
import { createClient } from '@millrace/client'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafkaHome } from './apache-kafka.ts'
import { hasKcat, Kcat } from './kcat.ts'
import { ToolHost } from './tool-host.ts'

const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
const GROUPS = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
const PRODUCER = 'org.apache.kafka.tools.ConsoleProducer'
const TOPICS = 'org.apache.kafka.tools.TopicCommand'
const COUNT = 300
const VALUES = Array.from({ length: COUNT }, (_, index) => `value ${index}`)

let broker: RunningBroker
let host: ToolHost | null = null

beforeAll(async () => {
  broker = await startBroker({ port: 0, storage: 'memory' })
})

afterAll(async () => {
  await host?.[Symbol.asyncDispose]()
  await broker.close()
})

async function tool(name: string, args: string, stdin = ''): Promise<readonly string[]> {
  host ??= new ToolHost()
  const { exitCode, lines } = await host.run(name, ['--bootstrap-server', broker.address, ...args.split(' ')], stdin)
  expect(exitCode, lines.join('\n')).toBe(0)
  return lines
}

describe.skipIf(kafkaHome === null)("Apache Kafka's consumer", () => {
  beforeAll(async () => {
    await tool(TOPICS, '--create --topic orders --partitions 3')
    await tool(
      PRODUCER,
      '--topic orders --command-property partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner',
      joined(VALUES),
    )
  })

  it.each(['classic', 'consumer'])('reads all once by the %s protocol, commits, and goes on from there', async (protocol) => {
    const consume = (count: number) =>
      tool(
        CONSUMER,
        `--topic orders --group by-${protocol} --command-property group.protocol=${protocol} ${EARLIEST} --max-messages ${count}`,
      )
    const values = [...(await consume(100)), ...(await consume(COUNT - 100))].filter((line) => line.startsWith('value '))
    expect(new Set(values)).toEqual(new Set(VALUES))
    expect(values).toHaveLength(COUNT)
    const described = await tool(GROUPS, `--describe --group by-${protocol}`)
    const lags = described.filter((line) => line.startsWith(`by-${protocol}`)).map((line) => line.split(/\s+/)[5])
    expect(lags).toEqual(['0', '0', '0'])
  })

  it('has its group listed, described, reset and deleted by the tools', async () => {
    expect(await tool(GROUPS, '--list')).toEqual(expect.arrayContaining(['by-classic', 'by-consumer']))
    const states = await tool(GROUPS, '--describe --all-groups --state')
    for (const name of ['by-classic', 'by-consumer']) expect(states.find((line) => line.startsWith(name))).toMatch(/Empty/)
    const reset = await tool(GROUPS, '--group by-classic --reset-offsets --to-earliest --execute --topic orders')
    expect(reset.filter((line) => /^by-classic +orders +[012] +0\b/.test(line))).toHaveLength(3)
    const [deleted] = (await tool(GROUPS, '--delete --group by-classic --group by-consumer')).filter((line) => line.startsWith('Deletion'))
    expect(deleted).toMatch(/successful/)
    expect((await tool(GROUPS, '--list')).filter((line) => line.startsWith('by-'))).toEqual([])
  })
})

const EARLIEST = '--command-property auto.offset.reset=earliest'

describe.skipIf(!hasKcat)('kcat', () => {
  it('reads as a member of a group, and goes on where it was', async () => {
    await produce(VALUES)
    expect(new Set(await readInGroup())).toEqual(new Set(VALUES))
    await produce(['one more'])
    expect(await readInGroup()).toEqual(['one more'])
  })

  async function produce(values: readonly string[]): Promise<void> {
    await using client = createClient({ brokers: broker.address })
    const producer = client.producer()
    await Promise.all(values.map((value) => producer.send({ topic: 'by-kcat', value })))
  }

  async function readInGroup(): Promise<string[]> {
    const reader = new Kcat(['-b', broker.address, '-G', 'kcat', 'by-kcat', '-X', 'auto.offset.reset=earliest', '-e', '-q'], {
      keepsText: true,
    })
    expect(await reader.ended()).toMatchObject({ exitCode: 0 })
    return reader.text.trim().split('\n')
  }
})

function joined(values: readonly string[]): string {
  return values.map((value) => `${value}\n`).join('')
}
