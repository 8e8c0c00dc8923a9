/** Programs in Go with franz-go, from `go/`. They need Go, and its module proxy at the first run. */
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startBroker } from '@millrace/server'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'

const SOURCES = fileURLToPath(new URL('go', import.meta.url))
const FETCH_TIMEOUT_MS = 60_000
const BUILD_TIMEOUT_MS = 110_000
const RUN_TIMEOUT_MS = 60_000
const hasGo = spawnSync('go', ['version']).status === 0

const run = promisify(execFile)

describe.skipIf(!hasGo)('franz-go', { timeout: FETCH_TIMEOUT_MS + BUILD_TIMEOUT_MS + RUN_TIMEOUT_MS }, () => {
  it('reads what it writes in every codec, and finds its way by offsets', async (context) => {
    using directory = temporaryDirectory()
    const program = join(directory.path, 'program')
    try {
      await run('go', ['mod', 'download'], { cwd: SOURCES, timeout: FETCH_TIMEOUT_MS })
    } catch (error) {
      return context.skip(`its modules cannot be fetched: ${String(error)}`)
    }
    await run('go', ['build', '-o', program, '.'], { cwd: SOURCES, timeout: BUILD_TIMEOUT_MS })
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    const { stdout } = await run(program, [broker.address], { timeout: RUN_TIMEOUT_MS })
    expect(stdout).toBe('sent 10000, read 10000, stored 10000, starts at 10\n')
  })
})
