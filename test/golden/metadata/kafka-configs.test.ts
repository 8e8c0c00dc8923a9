/**
 * Compares our config registries with what an Apache Kafka 4.3.1 broker answered to DescribeConfigs. Lines of the data file:
 * `TC` a topic whose cleanup.policy was set to compact, `BC` the broker, on which min.insync.replicas was altered for all.
 */
import { readFileSync } from 'node:fs'
import { BrokerConfig, CONFIG_SOURCES, describeBrokerConfig, describeTopicConfig, TOPIC_CONFIG_NAMES } from '@millrace/metadata'
import { describe, expect, it } from 'vitest'

const SAMPLE = readFileSync(new URL('kafka-4.3.1-configs.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')

const SOURCE_NAMES: Readonly<Record<number, string>> = {
  [CONFIG_SOURCES.topic]: 'DYNAMIC_TOPIC_CONFIG',
  [CONFIG_SOURCES.dynamicDefaultBroker]: 'DYNAMIC_DEFAULT_BROKER_CONFIG',
  [CONFIG_SOURCES.staticBroker]: 'STATIC_BROKER_CONFIG',
  [CONFIG_SOURCES.default]: 'DEFAULT_CONFIG',
}

const CONFIG = new BrokerConfig({ fromFile: new Map(), allBrokers: new Map([['min.insync.replicas', '1']]) })

describe('topic configs', () => {
  const ours = new Map(describeTopicConfig(new Map([['cleanup.policy', 'compact']]), CONFIG).map((entry) => [entry.name, entry]))
  const lines = SAMPLE.filter((line) => line.startsWith('TC '))

  it("are all of Kafka's and durability", () => {
    expect(lines).toHaveLength(33)
    expect(TOPIC_CONFIG_NAMES).toEqual([...lines.map((line) => nameOf(line)), 'durability'].sort())
  })

  it.each(lines.map((line) => [nameOf(line), line] as const))('%s', (name, line) => {
    const entry = ours.get(name)
    const synonyms = entry?.synonyms.map((synonym) => `${synonym.name}:${SOURCE_NAMES[synonym.source]}`).join(', ')
    const shown = `TC ${name}=${entry?.value} ${SOURCE_NAMES[entry?.source ?? 0]} ${entry?.type.toUpperCase()} ro=${entry?.isReadOnly}`
    expect(`${shown} syn=[${synonyms}]`).toBe(line)
  })
})

describe('broker configs', () => {
  const lines = new Map(SAMPLE.filter((line) => line.startsWith('BC ')).map((line) => [nameOf(line), line]))
  const ownNames = new Set([
    'group.consumer.resting.heartbeat.interval.ms',
    'group.consumer.waiting.heartbeat.interval.ms',
    'group.leave.on.disconnect',
    'log.durability',
  ])
  const ours = describeBrokerConfig(CONFIG).filter((entry) => !ownNames.has(entry.name))
  /** Kafka does not bound the memory for requests unless told to. Our brokers are missed sooner, and groups wait less for members. */
  const withOtherDefaults = new Set([
    'broker.heartbeat.interval.ms',
    'broker.session.timeout.ms',
    'group.consumer.assignment.interval.ms',
    'group.initial.rebalance.delay.ms',
    'replica.lag.time.max.ms',
    'queued.max.request.bytes',
  ])

  it.each(ours.map((entry) => [entry.name, entry] as const))('%s', (name, entry) => {
    const line = lines.get(name)
    expect(line, 'Kafka has it').toBeDefined()
    const [, value, source, type, isReadOnly] = /=(.*) (\S+) (\S+) ro=(\S+) sens=false$/.exec(line ?? '') ?? []
    expect(entry.type.toUpperCase()).toBe(type)
    // Kafka lets them be changed while it runs.
    if (name !== 'listeners') expect(String(entry.isReadOnly)).toBe(isReadOnly)
    if (withOtherDefaults.has(name)) return
    if (source !== 'STATIC_BROKER_CONFIG') expect(String(entry.value)).toBe(value)
  })
})

function nameOf(line: string): string {
  return line.slice(3, line.indexOf('='))
}
