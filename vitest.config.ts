/** How the tests run: by project, from source. */
import { defineConfig } from 'vitest/config'

/** Tests read every package's `src` through the `@millrace/source` export condition, so nothing has to be built first. */
const conditions = ['@millrace/source']
const resolve = { conditions }
const ssr = { resolve: { conditions, externalConditions: conditions } }

export default defineConfig({
  resolve,
  ssr,
  test: {
    projects: [
      { resolve, ssr, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts'] } },
      { resolve, ssr, test: { name: 'golden', include: ['test/golden/**/*.test.ts'] } },
      { resolve, ssr, test: { name: 'house', include: ['test/house/**/*.test.ts'] } },
      { resolve, ssr, test: { name: 'integration', include: ['test/integration/**/*.test.ts'], testTimeout: 60_000 } },
    ],
  },
})
