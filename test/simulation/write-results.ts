/**
 * `npm run simulate:results -- FILE...`: writes what long runs and hunts for planted bugs came to, as `npm run simulate` and
 * `npm run simulate:mutants` kept it with `--record FILE`, into docs/simulation-results.md. Runs of one profile are added up.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeptVerdict, VerdictFile } from './mutants/verdicts.ts'
import { faultTable, sum, type TallyRecord } from './tally.ts'

const PAGE = join(import.meta.dirname, '../../docs/simulation-results.md')

const files = process.argv.slice(2)
if (files.length === 0) throw new Error('name the files that `--record FILE` made')
const byProfile = new Map<string, TallyRecord>()
const verdicts: KeptVerdict[] = []
for (const file of files) {
  const record = JSON.parse(readFileSync(file, 'utf8')) as TallyRecord | VerdictFile
  if ('verdicts' in record) {
    verdicts.push(...record.verdicts)
    continue
  }
  const before = byProfile.get(record.profile)
  byProfile.set(record.profile, before === undefined ? record : sum(before, record))
}
const head = [
  '# Results of long simulations',
  '',
  'Made by `npm run simulate:results` from the records of the runs; [simulation.md](simulation.md) says what is simulated and checked.',
]
writeFileSync(PAGE, `${[...head, ...[...byProfile.values()].flatMap(section), ...hunts(verdicts)].join('\n')}\n`)

function section(record: TallyRecord): readonly string[] {
  const { profile, commits, firstSeed, lastSeed, runs, violations, simulatedMs, wallMs, events, acknowledged, reached } = record
  const { kinds, roles, countOf } = faultTable(record)
  const powerCuts = sumOver(
    kinds.filter((kind) => /^(power|blackout|wipe)/.test(kind)),
    roles,
    countOf,
  )
  return [
    '',
    `## Profile \`${profile}\`, ${runs} runs with seeds between ${firstSeed} and ${lastSeed}`,
    '',
    row(['what', 'how much']),
    row(['---', '---']),
    row(['commit', commits.join(', ')]),
    row(['runs', runs]),
    row(['violations', violations.length]),
    row(['simulated hours', (simulatedMs / 3_600_000).toFixed(1)]),
    row(['simulated seconds a second', (simulatedMs / wallMs).toFixed(0)]),
    row(['events', events]),
    row(['records acknowledged, all read back twice', acknowledged]),
    row(['machines that lost their power in a storm', powerCuts]),
    ...violations.map((violation) => `\n- ${violation}`),
    '',
    '### Faults by the role of whom they met',
    '',
    row(['fault', ...roles]),
    row(['---', ...roles.map(() => '---:')]),
    ...kinds.map((kind) => row([kind, ...roles.map((role) => countOf(kind, role))])),
    '',
    '### Rare states, and how often they were reached',
    '',
    row(['state', 'times']),
    row(['---', '---:']),
    ...Object.entries(reached).map(([state, count]) => row([state, count])),
  ]
}

function hunts(all: readonly KeptVerdict[]): readonly string[] {
  if (all.length === 0) return []
  const found = all.filter(({ seed }) => seed !== null).length
  return [
    '',
    '## Planted bugs',
    '',
    `${found} of the ${all.length} that were hunted were found. Seeds were tried one after the other, from 1 or the named one on.`,
    '',
    row(['bug', 'profile', 'faults with every seed', 'storm, ms', 'found by seed', 'of at most', 'commit']),
    row(['---', '---', '---', '---:', '---:', '---:', '---']),
    ...all.map(({ bug, profile, with: always, stormMs = '', firstSeed = 1, seed, seeds, commit }) => {
      const foundBy = `${seed ?? 'none'}${firstSeed === 1 ? '' : `, from ${firstSeed} on`}`
      return row([bug, profile, always.join(', '), stormMs ?? 'drawn', foundBy, seeds, commit])
    }),
  ]
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`
}

function sumOver(kinds: readonly string[], roles: readonly string[], countOf: (kind: string, role: string) => number): number {
  return kinds.reduce((total, kind) => roles.reduce((sum, role) => sum + countOf(kind, role), total), 0)
}
