/** `npm run chaos -- --kills 200`: the kill loop with its figures. Ends with 1 when anything was lost, doubled or reordered. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isRight } from './ledger.ts'
import { runChaos } from './run-chaos.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    nodes: { type: 'string', default: '3' },
    'base-port': { type: 'string', default: '19500' },
    seed: { type: 'string', default: String(process.pid) },
    data: { type: 'string' },
  },
})

const dataDir = values.data ?? mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
const seed = Number(values.seed)
console.log(`seed ${seed}, ${values.kills} kills of ${values.nodes} nodes, data in ${dataDir}`)
const result = await runChaos({
  dataDir,
  kills: Number(values.kills),
  nodes: Number(values.nodes),
  basePort: Number(values['base-port']),
  seed,
  onProgress: ({ kills, acknowledged, gapMs }) =>
    console.log(`${kills} kills, ${acknowledged} records acknowledged, longest gap of the round ${Math.round(gapMs)} ms`),
})
const gaps = result.gapsMs.toSorted((left, right) => left - right)
const at = (fraction: number): string => `${Math.round(gaps[Math.min(gaps.length - 1, Math.floor(fraction * gaps.length))] ?? 0)} ms`
console.log(
  `${result.kills} kills -9 in ${Math.round(result.seconds)} s; longest gap of a round: median ${at(0.5)}, 99th percentile ${at(0.99)}`,
)
console.log(
  `${result.acknowledged} acknowledged, ${result.read} read back, ${result.unanswered} given up: ` +
    `${result.lost} lost, ${result.doubled} doubled, ${result.reordered} reordered`,
)
for (const example of result.examples) console.log(example)
if (!isRight(result)) {
  console.log(`the data is kept in ${dataDir}`)
  process.exitCode = 1
} else if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true })
