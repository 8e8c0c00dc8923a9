/**
 * How the tests run: by project, and from source. `npm test` runs all projects but three: conformance, which needs kcat and
 * Apache Kafka beside us, and cluster and seeds, which take minutes. `vitest run --project unit` runs one.
 */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SkipReporter } from './scripts/skip-reporter.ts'
import { freshSeeds } from './test/simulation/commit.ts'

/** Tests read every package's `src` through the `@millrace/source` export condition, so nothing has to be built first. */
const conditions = ['@millrace/source']
const resolve = { conditions }
const ssr = { resolve: { conditions, externalConditions: conditions } }

/** Where a JSON report goes as well, for `.ci/run`, which cannot change the command. */
const report = process.env['MILLRACE_TEST_REPORT']

/** Whether a machine is busy is nothing that a test should fail by. */
const UNIT_MS = 20_000
const SLOW_MS = 60_000

/** Properties are tried on other values with each commit, and on the same ones by whoever tries it again. */
const setupFiles = [join(import.meta.dirname, 'test/property-seed.ts')]
const env = { MILLRACE_PROPERTY_SEED: process.env['MILLRACE_PROPERTY_SEED'] ?? String(freshSeeds(1)[0]) }

export default defineConfig({
  resolve,
  ssr,
  test: {
    reporters: ['default', new SkipReporter(), ...jsonReporters(report)],
    maxWorkers: '100%',
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'bench/**/*.test.ts', 'scripts/**/*.test.ts'],
          isolate: false,
          testTimeout: UNIT_MS,
          setupFiles,
          env,
        },
      },
      { resolve, ssr, test: { name: 'golden', include: ['test/golden/**/*.test.ts'], setupFiles, env } },
      { resolve, ssr, test: { name: 'house', include: ['test/house/**/*.test.ts'] } },
      project('fuzz', SLOW_MS),
      // Its files need nothing but the processor, and share nothing.
      project('simulation', SLOW_MS, true, 'test/simulation/*.test.ts'),
      project('seeds', SLOW_MS, true, 'test/simulation/many/*.test.ts'),
      // Each file has brokers, ports and directories of its own.
      project('integration', SLOW_MS, true),
      // Clusters of processes measure time: they are at peace with one another only when files take turns.
      project('cluster', 2 * SLOW_MS),
      project('conformance', 2 * SLOW_MS),
    ],
  },
})

/** Tests in `test/<name>` that take their time. */
function project(name: string, testTimeout: number, fileParallelism = false, files = `test/${name}/**/*.test.ts`) {
  const test = { name, include: [files], testTimeout, hookTimeout: testTimeout, fileParallelism, setupFiles, env }
  return { resolve, ssr, test }
}

function jsonReporters(outputFile: string | undefined): ['json', { outputFile: string }][] {
  return outputFile === undefined ? [] : [['json', { outputFile }]]
}
