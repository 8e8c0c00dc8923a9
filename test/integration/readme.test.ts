/** The program in the README does what the README says. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

it('produces to a broker in its own process, reads it back, and leaves nothing running', async () => {
  const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${ROOT}/README.md`, 'utf8'))?.[1] ?? ''
  const args = ['--conditions=@millrace/source', '--input-type=module-typescript', '--eval', program]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 30_000 })
  expect(stderr).toBe('')
  expect(stdout).toBe('0 paid\n')
})
