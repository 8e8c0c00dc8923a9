/** A broker without peers does not pay for what only peers need. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const program = (work: string): string => `
  import { createRequire } from 'node:module'
  import { startBroker } from '@millrace/server'
  import { openGrpcConnector } from '@millrace/controller'
  ${work}
  const files = Object.keys(createRequire(import.meta.url).cache)
  console.log(files.filter((file) => /@grpc|protobufjs/.test(file)).length)
`

async function loadedBy(work: string): Promise<number> {
  const options = ['--conditions=@millrace/source', '--input-type=module', '--eval', program(work)]
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: ROOT })
  return Number(stdout.trim())
}

it('a broker that stands alone starts without loading gRPC', async () => {
  expect(await loadedBy("const broker = await startBroker({ port: 0, storage: 'memory' }); await broker.close()")).toBe(0)
})

it('a node with peers loads it', async () => {
  expect(await loadedBy('await openGrpcConnector({ clock: { now: Date.now } })')).toBeGreaterThan(10)
})
