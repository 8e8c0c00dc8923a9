/**
 * The scripts in `testdata`: what was done, and all that came of it. `npx vitest run packages/raft-ts -u` writes them anew; the
 * difference is then to be read like code.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runScript } from './testing/script/run-script.ts'

const TESTDATA = join(import.meta.dirname, '..', 'testdata')

it.each(readdirSync(TESTDATA))('%s', async (file) => {
  const path = join(TESTDATA, file)
  await expect(runScript(readFileSync(path, 'utf8'))).toMatchFileSnapshot(path)
})
