/** Runs scenarios one after another, prints their tables, and keeps the results of full runs in bench/results. */
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kafka } from './brokers/kafka.ts'
import { killAllBrokers } from './brokers/launcher.ts'
import { millrace } from './brokers/millrace.ts'
import { type Options, parseOptions, USAGE } from './options.ts'
import { describeMachine } from './report/machine.ts'
import { formatNumber, isDisturbed, type Report, toMarkdown } from './report/markdown.ts'
import { meterOtherWork } from './report/other-work.ts'
import { createScoreboard } from './report/scoreboard.ts'
import type { Contender, Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios/index.ts'

const RESULTS = fileURLToPath(new URL('results', import.meta.url))
const SUBJECT_PORT_OFFSET = 10

const options = parseOptions(process.argv.slice(2))
const chosen = SCENARIOS.filter(({ name }) => options.scenarios.includes(name))
if (chosen.length === 0 || chosen.length < options.scenarios.length) {
  process.stderr.write(`${USAGE}\n\nscenarios:\n${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(18)}${title}\n`).join('')}`)
  process.exit(2)
}

const workspace = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'millrace-bench-'))
process.once('exit', () => {
  killAllBrokers()
  rmSync(workspace, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

for (const scenario of chosen) await runScenario(scenario, options)

async function runScenario(scenario: Scenario, { runs: wantedRuns, isQuick, only, subject, port }: Options): Promise<void> {
  const all: Contender[] = [
    { role: 'reference', launcher: kafka, port },
    { role: 'subject', launcher: subject === 'kafka' ? kafka : millrace, port: port + SUBJECT_PORT_OFFSET },
  ]
  const contenders = all.filter(({ role }) => only === 'both' || only === role)
  const runs = wantedRuns ?? (isQuick ? 1 : scenario.defaultRuns)
  const scoreboard = createScoreboard((measure, role, value) => {
    const name = all.find((contender) => contender.role === role)?.launcher.name
    process.stderr.write(`${scenario.name}  ${name?.padEnd(9)} ${measure.name}: ${formatNumber(value)} ${measure.unit}\n`)
  })
  let directories = 0
  const otherWork = meterOtherWork()
  await scenario.run({
    contenders,
    runs,
    isQuick,
    add: (measure, contender, value) => scoreboard.add(measure, contender.role, value),
    newDirectory(contender) {
      directories += 1
      return join(workspace, `${scenario.name}-${directories}-${contender.role}`)
    },
  })
  killAllBrokers()
  await rm(workspace, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  await mkdir(workspace)

  const report: Report = {
    scenario: scenario.name,
    title: scenario.title,
    names: { reference: kafka.name, subject: subject === 'kafka' ? 'Kafka again' : millrace.name },
    runs,
    machine: describeMachine(),
    otherCores: otherWork(),
    scores: scoreboard.scores(),
  }
  const markdown = toMarkdown(report)
  process.stdout.write(`${markdown}\n`)
  if (isDisturbed(report.otherCores)) {
    process.stderr.write(`${scenario.name}: the machine was too busy with other work, so this result is not kept\n`)
    return
  }
  if (isQuick || only !== 'both' || subject !== 'millrace') return
  await mkdir(RESULTS, { recursive: true })
  await writeFile(join(RESULTS, `${scenario.name}.md`), markdown)
  await writeFile(join(RESULTS, `${scenario.name}.json`), `${JSON.stringify({ ...report, samples: scoreboard.samples() }, null, 2)}\n`)
}
