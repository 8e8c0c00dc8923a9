/**
 * `npm run simulate:mutants -- --seeds 500`: plants each bug in a copy of the house and sees which seed finds it.
 * `--only WORDS` hunts those whose names have these words; `--storm MS` tries runs of that length, many in the time of few long ones;
 * `--shrink 100` leaves a scenario; `--record FILE` keeps what came of it.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { commit } from '../commit.ts'
import { COORDINATOR_BUGS } from './coordinator-bugs.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'
import { hunt } from './planted-copy.ts'
import { keepVerdict } from './verdicts.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    'first-seed': { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    storm: { type: 'string' },
    record: { type: 'string' },
    shrink: { type: 'string', default: '0' },
    out: { type: 'string', default: 'simulation-failures' },
  },
})
const options = {
  seeds: Number(values.seeds),
  firstSeed: Number(values['first-seed']),
  shrink: Number(values.shrink),
  out: resolve(values.out),
  stormMs: values.storm === undefined ? null : Number(values.storm),
}
const bugs = [...PLANTED_BUGS, ...COORDINATOR_BUGS].filter(({ name }) => name.includes(values.only))
let caught = 0
for (const bug of bugs) {
  const { seed, words } = await hunt(bug, options)
  if (seed !== null) caught += 1
  const { name, profile, with: always = [] } = bug
  if (values.record !== undefined) {
    const { stormMs, firstSeed, seeds } = options
    keepVerdict(values.record, { bug: name, profile, with: always, commit: commit(), stormMs, firstSeed, seeds, seed })
  }
  process.stdout.write(`${seed === null ? 'NOT FOUND' : `seed ${seed}`.padEnd(9)}  ${bug.name}: ${words.slice(0, 200)}\n`)
}
process.stdout.write(`${caught} of ${bugs.length} planted bugs were found within ${options.seeds} seeds\n`)
process.exitCode = caught === bugs.length ? 0 : 1
