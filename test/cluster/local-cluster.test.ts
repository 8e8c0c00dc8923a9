/** A cluster of real processes, made, watched, harmed and ended by its command. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createClient } from '@millrace/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { millrace } from '../integration/cli-process.ts'
import { temporaryDirectory } from '../integration/testing/temporary-directory.ts'

const NODES = 3
/** Below the ports that systems hand out by themselves. */
const PORT_MIN = 20_000
const PORT_MAX = 30_000
const TEST_TIMEOUT_MS = 120_000

interface Status {
  readonly nodeId: number
  readonly address: string
  readonly pid: number | null
  readonly state: string
}

const directory = temporaryDirectory()
let basePort: number

async function call(...words: readonly string[]) {
  return await millrace(['cluster', ...words, '--data', directory.path, '--json'])
}

async function succeed(...words: readonly string[]): Promise<readonly Status[]> {
  const { exitCode, stdout, stderr } = await call(...words)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return JSON.parse(stdout) as readonly Status[]
}

async function codeOf(...words: readonly string[]): Promise<string> {
  const { exitCode, stderr } = await call(...words)
  expect(exitCode).toBe(1)
  return (JSON.parse(stderr) as { readonly error: { readonly code: string } }).error.code
}

beforeAll(async () => {
  basePort = await freeBasePort()
})

afterAll(async () => {
  await call('down')
  directory[Symbol.dispose]()
})

describe('the life of a cluster', { timeout: TEST_TIMEOUT_MS }, () => {
  it('begins with nothing but a directory', async () => {
    expect(await codeOf('status')).toBe('ERR_CLI_CLUSTER_MISSING')
    const status = await succeed('up', '--nodes', String(NODES), '--base-port', String(basePort))
    expect(status).toEqual(
      [1, 2, 3].map((nodeId) => ({
        nodeId,
        address: `127.0.0.1:${basePort + nodeId - 1}`,
        pid: expect.any(Number) as number,
        state: 'ready',
      })),
    )
  })

  it('is up already when it is asked for again', async () => {
    const before = await succeed('status')
    expect(await succeed('up')).toEqual(before)
    expect(await codeOf('up', '--nodes', '5')).toBe('ERR_CLI_CLUSTER_DIFFERENT')
  })

  it('takes records, and has them on three nodes', async () => {
    await using client = createClient({ brokers: await brokers() })
    await client.producer().send({ topic: 'orders', value: 'paid' })
    const [topic] = await client.admin().describeTopics(['orders'])
    expect(topic?.partitions[0]).toMatchObject({ isr: expect.arrayContaining([1, 2, 3]) as number[] })
  })

  it('goes on when a node is killed, and takes it back', async () => {
    await call('kill', '3')
    expect((await succeed('status')).map(({ state }) => state)).toEqual(['ready', 'ready', 'stopped'])
    await using client = createClient({ brokers: await brokers() })
    await client.producer().send({ topic: 'orders', value: 'sent' })
    expect((await succeed('start', '3')).map(({ state }) => state)).toEqual(['ready', 'ready', 'ready'])
  })

  it('restarts node by node without a request that fails', async () => {
    const before = await succeed('status')
    await using client = createClient({ brokers: await brokers() })
    const producer = client.producer()
    let isOver = false
    const load = (async () => {
      for (let number = 0; !isOver; number++) await producer.send({ topic: 'orders', value: String(number) })
    })()
    const after = await succeed('restart').finally(() => (isOver = true))
    await load
    expect(after.map(({ pid }) => pid)).not.toEqual(expect.arrayContaining(before.map(({ pid }) => pid)))
  })

  it('does not believe the pid file of another process', async () => {
    const [first] = await succeed('status')
    const file = join(directory.path, 'node-1.pid')
    writeFileSync(file, `${process.pid}\n`)
    expect((await succeed('status'))[0]?.state).toBe('fallen')
    expect(await codeOf('kill', '1')).toBe('ERR_CLI_CLUSTER_NOT_RUNNING')
    expect(await codeOf('start', '1')).toBe('ERR_CLI_CLUSTER_PORT_TAKEN')
    writeFileSync(file, `${first?.pid}\n`)
  })

  it('shows what a node says', async () => {
    const { stdout } = await call('logs', '2')
    expect(stdout).toContain(`Millrace is ready on 127.0.0.1:${basePort + 1} as node 2`)
  })

  it('ends in good order, and begins again with what it had', async () => {
    expect((await succeed('down')).map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped'])
    expect((await succeed('down')).map(({ pid }) => pid)).toEqual([null, null, null])
    await succeed('up')
    await using client = createClient({ brokers: await brokers() })
    await using consumer = client.consumer()
    await consumer.assign([{ topic: 'orders', from: 'earliest', until: 'end' }])
    const values: string[] = []
    for await (const { value } of consumer) values.push(new TextDecoder().decode(value ?? new Uint8Array()))
    expect(values.slice(0, 3)).toEqual(['paid', 'sent', '0'])
  })

  it('does not take a node back whose disk was lost, and keeps everything else', async () => {
    await call('kill', '2')
    rmSync(join(directory.path, 'node-2'), { recursive: true })
    expect(await codeOf('start', '2')).toBe('ERR_CLI_CLUSTER_NODE_FALLEN')
    expect(readFileSync(join(directory.path, 'node-2.log'), 'utf8')).toMatch(/is not formatted: if it is new, run "millrace format" first/)
    expect((await succeed('status')).map(({ state }) => state)).toEqual(['ready', 'fallen', 'ready'])
  })

  it('does not start a node on a copy of another one', async () => {
    const copy = join(directory.path, 'copy')
    cpSync(join(directory.path, 'node-1'), copy, { recursive: true })
    const { exitCode, stderr } = await millrace(['start', '--config', join(directory.path, 'node-2.yaml'), '--data-dir', copy])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/belongs to node 1, and this is node 2/)
  })
})

async function brokers(): Promise<string> {
  return (await succeed('status')).map(({ address }) => address).join(',')
}

async function freeBasePort(): Promise<number> {
  for (;;) {
    const candidate = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN))
    const areFree = await Promise.all(Array.from({ length: NODES }, (_, index) => isFree(candidate + index)))
    if (areFree.every((free) => free)) return candidate
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
