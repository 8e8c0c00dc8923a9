/** The programs in the README do what the README says. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const programs = [...readFileSync(`${ROOT}/README.md`, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')

function run(program: string | undefined) {
  const args = ['--conditions=@millrace/source', '--input-type=module-typescript', '--eval', program ?? '']
  return promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 60_000 })
}

it('produces to a broker in its own process, reads it back, and leaves nothing running', async () => {
  expect(await run(programs[0])).toEqual({ stdout: '0 paid\n', stderr: '' })
})

it('goes on writing to a cluster in its own process when a node of it is killed', async () => {
  expect(programs[1]).toContain('startCluster')
  expect((await run(programs[1])).stdout).toBe('')
})
