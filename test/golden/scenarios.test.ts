/**
 * Groups, offsets and transactions as Apache Kafka has them: every scenario of test/conformance/differential is answered here as
 * Apache Kafka 4.3.1 answered it when its transcript in scenarios/ was written. Scenarios that ask for APIs which this broker does
 * not serve wait until it does.
 */
import { apiVersionsApi } from '@millrace/protocol'
import { type RunningBroker, startBroker } from '@millrace/server'
import { afterAll, describe, expect, it } from 'vitest'
import type { Scenario } from '../conformance/differential/scenario.ts'
import { FAMILIES } from '../conformance/differential/scenarios/index.ts'
import { SETTINGS, Stage } from '../conformance/differential/stage.ts'
import { difference } from '../conformance/differential/transcript.ts'
import { keptTranscripts } from '../conformance/differential/transcript-files.ts'
import { WireConnection } from '../integration/testing/wire-connection.ts'

const broker = await startBroker({ port: 0, storage: 'memory', config: SETTINGS, logLevel: 'silent' })
const served = await servedBy(broker)
const families = Object.entries(FAMILIES).map(([family, scenarios]) => [family, scenarios.filter(isServed)] as const)
const stage = await Stage.prepare(
  broker,
  families.flatMap(([, scenarios]) => scenarios),
)

afterAll(() => broker.close())

async function servedBy(address: RunningBroker): Promise<ReadonlySet<number>> {
  await using connection = await WireConnection.open(address)
  const { apiKeys } = await connection.call(apiVersionsApi, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' })
  return new Set(apiKeys.map(({ apiKey }) => apiKey))
}

function isServed({ steps }: Scenario): boolean {
  return steps.every(({ api }) => served.has(api.key))
}

describe.each(families.filter(([, scenarios]) => scenarios.length > 0))('%s', (family, scenarios) => {
  const kept = keptTranscripts(family)

  it.each(scenarios)('$name', async (scenario) => {
    const expected = kept.get(scenario.name)
    if (expected === undefined) throw new Error('there is no transcript of it; npm run differential -- --record writes one')
    const found = await stage.run(scenario, expected)
    const parting = difference(expected, found)
    if (parting !== null) expect.fail(parting)
  })
})
