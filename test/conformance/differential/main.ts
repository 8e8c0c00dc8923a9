/**
 * `npm run differential -- --seed 7 --scenarios 300`: scenarios by chance, each against Apache Kafka and against us, at once. What
 * differs and was not chosen to (chosen-differences.ts) is made as short as it goes and printed; the exit status is 1 then. `--kind` keeps
 * to classic, consumer or transaction.
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
import { CHOSEN_DIFFERENCES, chosenOf } from './chosen-differences.ts'
import { partingsOf } from './partings.ts'
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
    scenarios: { type: 'string', default: '300' },
    kind: { type: 'string' },
    rounds: { type: 'string', default: '2' },
  },
})

/** How often a difference is looked for again before it counts as one that was there once. */
const AGAIN = 3

let round = 0

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

/** True when nothing differs but what was chosen to. */
async function compare(): Promise<boolean> {
  const seed = Number(options.seed)
  const kinds = RANDOM_KINDS.filter((kind) => options.kind === undefined || options.kind === kind)
  if (kinds.length === 0) throw new Error(`--kind takes one of ${RANDOM_KINDS.join(', ')}`)
  const count = Number(options.scenarios)
  const shown = CHOSEN_DIFFERENCES.flatMap(({ shownBy }) => shownBy).filter(([kind]) => kinds.includes(kind))
  console.log(`seed ${seed}, ${count} scenarios, and ${shown.length} that show differences which were chosen`)
  await using millrace = await startBroker({ port: 0, storage: 'memory', config: SETTINGS, logLevel: 'silent' })
  const drawn = Array.from({ length: count }, (_, index) => [kinds[index % kinds.length] as RandomKind, seed + index] as const)
  const pairs: Pair[] = []
  for (const kind of kinds) {
    const seeds = new Set([...shown, ...drawn].filter(([each]) => each === kind).map(([, each]) => each))
    pairs.push(
      ...(await pairsOf(
        millrace,
        Array.from(seeds, (each) => randomScenario(kind, each)),
      )),
    )
  }
  const chosen = pairs.flatMap(({ expected, found }) => chosenOf(partingsOf(expected, found)) ?? [])
  const differing = pairs.filter(({ expected, found }) => difference(expected, found) !== null)
  const unknown = differing.filter(({ expected, found }) => chosenOf(partingsOf(expected, found)) === null)
  let once = 0
  for (const pair of unknown) {
    const shortest = await shortestDifference(millrace, pair.scenario)
    if (shortest === null) once += 1
    console.log(`\n${shortest ?? `once, and not again:\n${difference(pair.expected, pair.found)}`}`)
  }
  for (const each of CHOSEN_DIFFERENCES.filter(({ shownBy }) => shownBy.some(([kind]) => kinds.includes(kind)))) {
    const times = chosen.filter((other) => other === each).length
    if (times > 0 || each.isChance) console.log(`chosen, ${times} times: ${each.name}`)
    else console.log(`chosen, and not so any more: ${each.name}`)
  }
  const known = differing.length - unknown.length
  const counts = [
    `${pairs.length - differing.length} the same`,
    `${known} chosen`,
    `${once} only once`,
    `${unknown.length - once} different`,
  ]
  console.log(`${pairs.length} scenarios: ${counts.join(', ')}`)
  return unknown.length === once
}

interface Pair {
  readonly scenario: Scenario
  readonly expected: Transcript
  readonly found: Transcript
}

async function pairsOf(millrace: BrokerAddress, scenarios: readonly Scenario[]): Promise<readonly Pair[]> {
  const expected = await runAll(await Stage.prepare(kafkaAddress, scenarios), scenarios)
  const found = await runAll(await Stage.prepare(millrace, scenarios), scenarios, { expected: byName(expected) })
  return scenarios.map((scenario, index) => ({ scenario, expected: expected[index] as Transcript, found: found[index] as Transcript }))
}

/**
 * As short as the scenario goes, each part of it against both, each time under new names. Null when it does not differ any more: the
 * machine was too busy for one of both to answer in time, or it was in the hand of ids that brokers draw.
 */
async function shortestDifference(millrace: BrokerAddress, scenario: Scenario): Promise<string | null> {
  const differenceOf = async (part: Scenario): Promise<string | null> => {
    round += 1
    const asked = [part]
    const [kept] = await runAll(await Stage.prepare(kafkaAddress, asked, round), asked, { round })
    const byBoth = await (await Stage.prepare(millrace, asked, round)).run(part, kept ?? null, round)
    const isChosen = chosenOf(partingsOf(kept as Transcript, byBoth)) !== null
    return isChosen ? null : difference(kept as Transcript, byBoth)
  }
  let again: string | null = null
  for (let attempt = 0; attempt < AGAIN && again === null; attempt += 1) again = await differenceOf(scenario)
  if (again === null) return null
  const shortest = await shrink(scenario, async (part) => (await differenceOf(part)) !== null)
  return (await differenceOf(shortest)) ?? again
}

function byName(transcripts: readonly Transcript[]): ReadonlyMap<string, Transcript> {
  return new Map(transcripts.map((transcript) => [transcript.name, transcript]))
}
