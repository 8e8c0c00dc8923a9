/**
 * What is kept as Apache Kafka's answers is what Apache Kafka answers: hundreds of short scripts of groups, offsets and transactions,
 * in every version. `npm test` holds us against the same transcripts (test/golden/scenarios.test.ts).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApacheKafka, kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { runAll } from './differential/run-all.ts'
import { FAMILIES } from './differential/scenarios/index.ts'
import { KAFKA_SETTINGS, Stage } from './differential/stage.ts'
import { difference, type Transcript } from './differential/transcript.ts'
import { keptTranscripts } from './differential/transcript-files.ts'

describe.skipIf(kafkaHome === null)('Apache Kafka', () => {
  let kafka: ApacheKafka
  let stage: Stage

  beforeAll(async () => {
    kafka = await startApacheKafka(KAFKA_SETTINGS)
    const [host = '', port = ''] = kafka.address.split(':')
    stage = await Stage.prepare({ host, port: Number(port) }, Object.values(FAMILIES).flat())
  })

  afterAll(() => kafka?.[Symbol.asyncDispose]())

  it.each(Object.entries(FAMILIES))('answers as it is kept: %s', async (family, scenarios) => {
    const kept = keptTranscripts(family)
    const expected = scenarios.map(({ name }): Transcript => kept.get(name) ?? { name, exchanges: [] })
    const found = await runAll(stage, scenarios, { expected: kept })
    expect(expected.map((transcript, index) => difference(transcript, found[index] as Transcript)).filter((text) => text !== null)).toEqual(
      [],
    )
  })
})
