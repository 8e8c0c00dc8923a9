/**
 * `npm run differential -- --seed 7 --scenarios 100`: scenarios by chance, each against Apache Kafka and against us, at once. What
 * differs is made as short as it goes and printed; the exit status is 1 then. `--kind` keeps to classic, consumer or transaction.
 *
 * `npm run differential -- --record` writes down what Apache Kafka answers to the scenarios that are kept, for `npm test` to hold us
 * against; family names after it keep to those. A scenario that is not answered the same in all of `--rounds` is not written.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker } from '@millrace/server'
import type { BrokerAddress } from '../../integration/testing/wire-connection.ts'
import { startApacheKafka } from '../apache-kafka.ts'
import { runAll } from './run-all.ts'
import type { Scenario } from './scenario.ts'
import { FAMILIES } from './scenarios/index.ts'
import { RANDOM_KINDS, type RandomKind, randomScenario } from './scenarios/random-scenarios.ts'
import { shrink } from './shrink.ts'
import { KAFKA_SETTINGS, SETTINGS, Stage } from './stage.ts'
import { difference, type Transcript, transcriptText } from './transcript.ts'
import { transcriptFile } from './transcript-files.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    record: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(process.pid) },
    scenarios: { type: 'string', default: '100' },
    kind: { type: 'string' },
    rounds: { type: 'string', default: '2' },
  },
})

// Apache Kafka ends with this process, also when that is interrupted.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

await using kafka = await startApacheKafka(KAFKA_SETTINGS)
const kafkaAddress = addressOf(kafka.address)
process.exitCode = (options.record ? await record(positionals) : await compare()) ? 0 : 1

function addressOf(text: string): BrokerAddress {
  const [host = '', port = ''] = text.split(':')
  return { host, port: Number(port) }
}

/** True when everything was the same in every round. */
async function record(wanted: readonly string[]): Promise<boolean> {
  const families = Object.entries(FAMILIES).filter(([family]) => wanted.length === 0 || wanted.includes(family))
  const all = families.flatMap(([, scenarios]) => scenarios)
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) throw new Error(`two scenarios are called "${twice.name}"`)
  let isSame = true
  for (const [family, scenarios] of families) {
    const first = await runAll(await Stage.prepare(kafkaAddress, scenarios), scenarios)
    const differing = new Set<string>()
    for (let round = 1; round < Number(options.rounds); round += 1) {
      const again = await runAll(await Stage.prepare(kafkaAddress, scenarios, round), scenarios, { round, expected: byName(first) })
      for (const [index, transcript] of first.entries()) {
        const found = difference(transcript, again[index] as Transcript)
        if (found === null) continue
        if (!differing.has(transcript.name)) console.log(`not the same every time:\n${found}\n`)
        differing.add(transcript.name)
      }
    }
    const kept = first.filter(({ name }) => !differing.has(name))
    mkdirSync(dirname(transcriptFile(family)), { recursive: true })
    writeFileSync(transcriptFile(family), kept.map(transcriptText).join('\n'))
    console.log(`${family}: ${kept.length} of ${scenarios.length} scenarios written`)
    isSame &&= differing.size === 0
  }
  return isSame
}

/** True when nothing differs. */
async function compare(): Promise<boolean> {
  const seed = Number(options.seed)
  const kinds = RANDOM_KINDS.filter((kind) => options.kind === undefined || options.kind === kind)
  if (kinds.length === 0) throw new Error(`--kind takes one of ${RANDOM_KINDS.join(', ')}`)
  const count = Number(options.scenarios)
  console.log(`seed ${seed}, ${count} scenarios`)
  const scenarios = Array.from({ length: count }, (_, index) => randomScenario(kinds[index % kinds.length] as RandomKind, seed + index))
  await using millrace = await startBroker({ port: 0, storage: 'memory', config: SETTINGS, logLevel: 'silent' })
  const expected = await runAll(await Stage.prepare(kafkaAddress, scenarios), scenarios)
  const found = await runAll(await Stage.prepare(millrace, scenarios), scenarios, { expected: byName(expected) })
  const differing = scenarios.filter((_, index) => difference(expected[index] as Transcript, found[index] as Transcript) !== null)
  let round = 0
  /** One scenario against both, each time under new names. */
  const differenceOf = async (scenario: Scenario): Promise<string | null> => {
    round += 1
    const asked = [scenario]
    const [kept] = await runAll(await Stage.prepare(kafkaAddress, asked, round), asked, { round })
    const byBoth = await (await Stage.prepare(millrace, asked, round)).run(scenario, kept ?? null, round)
    return difference(kept as Transcript, byBoth)
  }
  for (const scenario of differing) {
    const shortest = await shrink(scenario, async (part) => (await differenceOf(part)) !== null)
    console.log(`\n${await differenceOf(shortest)}`)
  }
  console.log(`${count} scenarios, ${differing.length} of them different`)
  return differing.length === 0
}

function byName(transcripts: readonly Transcript[]): ReadonlyMap<string, Transcript> {
  return new Map(transcripts.map((transcript) => [transcript.name, transcript]))
}
