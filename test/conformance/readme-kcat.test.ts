/** The commands that the README shows for kcat, as they stand there, against a broker on another port. */
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { startBroker } from '@millrace/server'
import { expect, it } from 'vitest'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const hasKcat = spawnSync('kcat', ['-V']).status === 0

it('kcat writes and reads what the README says', async (context) => {
  if (!hasKcat) return context.skip('kcat is not installed')
  await using broker = await startBroker({ port: 0, storage: 'memory' })
  const commands = [...README.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '').find((block) => block.includes('kcat -P'))
  const script = (commands ?? '').replaceAll('127.0.0.1:9092', broker.address)
  const { stdout } = await promisify(execFile)('sh', ['-ec', script], { timeout: 60_000 })
  expect(stdout).toBe('order-17 is paid at offset 0\n')
})
