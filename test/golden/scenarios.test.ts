/**
 * Groups, offsets and transactions as Apache Kafka has them: every scenario of test/conformance/differential is answered here as
 * Apache Kafka 4.3.1 answered it when its transcript in scenarios/ was written.
 */
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAMILIES } from '../conformance/differential/scenarios/index.ts'
import { SETTINGS, Stage } from '../conformance/differential/stage.ts'
import { difference } from '../conformance/differential/transcript.ts'
import { keptTranscripts } from '../conformance/differential/transcript-files.ts'

let broker: RunningBroker
let stage: Stage

beforeAll(async () => {
  broker = await startBroker({ port: 0, storage: 'memory', config: SETTINGS, logLevel: 'silent' })
  stage = await Stage.prepare(broker, Object.values(FAMILIES).flat())
})

afterAll(() => broker?.close())

describe.each(Object.entries(FAMILIES))('%s', (family, scenarios) => {
  const kept = keptTranscripts(family)

  it.each(scenarios)('$name', async (scenario) => {
    const expected = kept.get(scenario.name)
    if (expected === undefined) throw new Error('there is no transcript of it; npm run differential -- --record writes one')
    const found = await stage.run(scenario, expected)
    const parting = difference(expected, found)
    if (parting !== null) expect.fail(parting)
  })
})
