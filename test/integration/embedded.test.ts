/** Brokers in the process of whoever uses them: quick to come, gone without a trace, and at peace with one another. */
import { execFile } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startBroker } from '@millrace/server'
import { describe, expect, it } from 'vitest'
import { createTopic, endOffset, fetchOnce, produce, startOffset, valuesFrom } from './testing/partition-calls.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { WireConnection } from './testing/wire-connection.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SIDE_BY_SIDE = 5

describe('what is left of a closed broker', () => {
  it.each(['memory', 'file'])('is nothing that keeps a process alive (%s)', async (storage) => {
    using directory = temporaryDirectory()
    const program = `
      import { connect } from 'node:net'
      import { once } from 'node:events'
      import { startBroker } from '@millrace/server'
      {
        await using broker = await startBroker({ port: 0, storage: '${storage}', dataDir: ${JSON.stringify(directory.path)} })
        const socket = connect(broker.port, broker.host)
        await once(socket, 'connect')
        const closed = once(socket, 'close')
        await broker.close()
        await closed
      }
      await new Promise((resolve) => setImmediate(resolve))
      console.log(process.getActiveResourcesInfo().filter((name) => !/^(TTYWrap|PipeWrap)$/.test(name)).join() || 'nothing')
    `
    const args = ['--conditions=@millrace/source', '--input-type=module-typescript', '--eval', program]
    // The process ends by itself, or the time runs out.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 30_000 })
    expect(stderr).toBe('')
    expect(stdout).toBe('nothing\n')
  })

  it.skipIf(process.platform !== 'linux')('is no descriptor of its files', async () => {
    using directory = temporaryDirectory()
    const openFiles = (): string[] => openDescriptors().filter((path) => path.startsWith(directory.path))
    const broker = await startBroker({ port: 0, dataDir: directory.path })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic', { partitions: 3 })
    for (const partition of [0, 1, 2]) await produce(connection, 'topic', ['value'], { partition })
    expect(openFiles()).not.toEqual([])
    await broker.close()
    expect(openFiles()).toEqual([])
  })

  it('is no port', async () => {
    const { port, ...first } = await startBroker({ port: 0, storage: 'memory' })
    await first.close()
    await expect(WireConnection.open({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await using second = await startBroker({ port, storage: 'memory' })
    expect(second.port).toBe(port)
  })
})

describe('closing', () => {
  it('may be asked for any number of times, and by the end of a block as well', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    await Promise.all([broker.close(), broker.close(), broker.close()])
    await broker.close()
  })

  it('ends connections, also those in the middle of a request', async () => {
    const broker = await startBroker({ port: 0, storage: 'memory' })
    const idle = connect(broker.port, broker.host)
    const halfSent = connect(broker.port, broker.host, () => halfSent.write(Buffer.from([0, 0, 1, 0, 0, 3])))
    const closed = Promise.all(
      [idle, halfSent].map((socket) => new Promise((resolve) => socket.on('close', resolve).on('error', () => {}))),
    )
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
    await broker.close()
    await closed
    await connection.closed
  })

  it('does not leave a waiting fetch without an end', async () => {
    const broker = await startBroker({ port: 0, storage: 'memory' })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
    const waiting = fetchOnce(connection, 'topic', 0, { maxWaitMs: 600_000 })
    const ended = waiting.then(
      ({ errorCode }) => `answered with ${errorCode}`,
      () => 'connection closed',
    )
    await broker.close()
    expect(['answered with 0', 'connection closed']).toContain(await ended)
  })
})

describe('several brokers in one process', () => {
  it('have nothing in common', async () => {
    const brokers = await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => startBroker({ port: 0, storage: 'memory' })))
    expect(new Set(brokers.map(({ port }) => port)).size).toBe(SIDE_BY_SIDE)
    expect(new Set(brokers.map(({ clusterId }) => clusterId)).size).toBe(SIDE_BY_SIDE)
    await Promise.all(
      brokers.map(async (broker, index) => {
        await using connection = await WireConnection.open(broker)
        await createTopic(connection, 'topic')
        await produce(connection, 'topic', [`of broker ${index}`])
      }),
    )
    await Promise.all(
      brokers.map(async (broker, index) => {
        await using connection = await WireConnection.open(broker)
        expect(await valuesFrom(connection, 'topic')).toEqual([`of broker ${index}`])
      }),
    )
    await brokers[0]?.close()
    const [, second] = brokers
    await using connection = await WireConnection.open(second as { host: string; port: number })
    expect(await valuesFrom(connection, 'topic')).toEqual(['of broker 1'])
    await Promise.all(brokers.map((broker) => broker.close()))
  })
})

describe('a restart on the same directory', () => {
  it('finds records, topics, settings and identity as they were', async () => {
    using directory = temporaryDirectory()
    const options = { port: 0, dataDir: directory.path, config: { 'num.partitions': 2 } }
    const expected: string[] = []
    let clusterId: string | null = null
    for (let start = 0; start < 5; start++) {
      await using broker = await startBroker(options)
      await using connection = await WireConnection.open(broker)
      clusterId ??= broker.clusterId
      expect(broker.clusterId).toBe(clusterId)
      if (start === 0) await createTopic(connection, 'topic', { configs: { 'max.message.bytes': '1000' } })
      expect(await valuesFrom(connection, 'topic')).toEqual(expected)
      expect((await produce(connection, 'topic', ['x'.repeat(2_000)])).errorCode).toBe(10)
      const values = [`first of start ${start}`, `second of start ${start}`]
      expect(await produce(connection, 'topic', values)).toMatchObject({ errorCode: 0, baseOffset: expected.length })
      expected.push(...values)
      expect(await endOffset(connection, 'topic')).toBe(expected.length)
      expect(await startOffset(connection, 'topic')).toBe(0)
    }
  })
})

function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return []
    }
  })
}
