/**
 * `npm run simulate:mutants -- --seeds 500`: plants each bug in a copy of the house and sees which seed finds it.
 * `--shrink 100` leaves a scenario.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { PLANTED_BUGS } from './planted-bugs.ts'
import { hunt } from './planted-copy.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    'first-seed': { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    shrink: { type: 'string', default: '0' },
    out: { type: 'string', default: 'simulation-failures' },
  },
})
const options = {
  seeds: Number(values.seeds),
  firstSeed: Number(values['first-seed']),
  shrink: Number(values.shrink),
  out: resolve(values.out),
}
const bugs = PLANTED_BUGS.filter(({ name }) => name.includes(values.only))
let caught = 0
for (const bug of bugs) {
  const { seed, words } = await hunt(bug, options)
  if (seed !== null) caught += 1
  process.stdout.write(`${seed === null ? 'NOT FOUND' : `seed ${seed}`.padEnd(9)}  ${bug.name}: ${words.slice(0, 200)}\n`)
}
process.stdout.write(`${caught} of ${bugs.length} planted bugs were found within ${options.seeds} seeds\n`)
process.exitCode = caught === bugs.length ? 0 : 1
