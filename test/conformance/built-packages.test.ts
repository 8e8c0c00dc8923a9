/** What is published works as it is published: the README's program on the packages' builds. `npm run build` makes them. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const unbuilt = readdirSync(`${ROOT}/packages`).filter((name) => !existsSync(`${ROOT}/packages/${name}/dist/index.js`))

it('the built packages produce and consume', async (context) => {
  if (unbuilt.length > 0) return context.skip(`there is no build of ${unbuilt.join(', ')}; run npm run build`)
  const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${ROOT}/README.md`, 'utf8'))?.[1] ?? ''
  const print = "\nprocess.stdout.write(import.meta.resolve('millrace'))"
  const args = ['--input-type=module-typescript', '--eval', program + print]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 30_000 })
  expect(stdout).toMatch(/^0 paid\n.*\/packages\/cli\/dist\/index\.js$/)
})
