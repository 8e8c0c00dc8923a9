/** A broker that cannot start says why and what to do, and leaves nothing behind, so that the next start only needs the cause gone. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startBroker } from '@millrace/server'
import { describe, expect, it } from 'vitest'
import { createTopic } from './testing/partition-calls.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'
import { WireConnection } from './testing/wire-connection.ts'

describe('the port', () => {
  it('is taken by another program', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { readonly port: number }).port))
    })
    using directory = temporaryDirectory()
    await expect(startBroker({ port, dataDir: directory.path })).rejects.toMatchObject({
      code: 'ERR_NETWORK_ADDRESS_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    })
    await new Promise((resolve) => server.close(resolve))
    await using broker = await startBroker({ port, dataDir: directory.path })
    expect(broker.port).toBe(port)
  })

  it('is taken by another broker', async () => {
    await using broker = await startBroker({ port: 0, storage: 'memory' })
    await expect(startBroker({ port: broker.port, storage: 'memory' })).rejects.toMatchObject({ code: 'ERR_NETWORK_ADDRESS_IN_USE' })
  })

  it('belongs to an address that this machine does not have', async () => {
    await expect(startBroker({ host: '192.0.2.1', port: 0, storage: 'memory' })).rejects.toMatchObject({
      code: 'ERR_NETWORK_ADDRESS_NOT_AVAILABLE',
      message: expect.stringContaining('192.0.2.1') as string,
    })
  })
})

describe('the data directory', () => {
  it('is used by another broker, which goes on', async () => {
    using directory = temporaryDirectory()
    await using broker = await startBroker({ port: 0, dataDir: directory.path })
    await expect(startBroker({ port: 0, dataDir: directory.path })).rejects.toMatchObject({
      code: 'ERR_LOG_LOCKED',
      message: expect.stringMatching(/this process/) as string,
    })
    await using connection = await WireConnection.open(broker)
    await createTopic(connection, 'topic')
  })

  it('is free again once its broker is closed', async () => {
    using directory = temporaryDirectory()
    for (let start = 0; start < 3; start++) {
      await using broker = await startBroker({ port: 0, dataDir: directory.path })
      expect(broker.port).toBeGreaterThan(0)
    }
  })

  it('is a file', async () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'file')
    writeFileSync(path, '')
    await expect(startBroker({ port: 0, dataDir: path })).rejects.toMatchObject({ message: expect.stringContaining(path) as string })
  })

  it.skipIf(process.platform !== 'linux')('may not be written, not even by root', async () => {
    await expect(startBroker({ port: 0, dataDir: '/sys/millrace' })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_LOG_/) as string,
      message: expect.stringContaining('/sys/millrace') as string,
    })
  })

  it('was written by a newer version', async () => {
    using directory = temporaryDirectory()
    await (await startBroker({ port: 0, dataDir: directory.path })).close()
    const file = join(directory.path, 'meta.properties')
    const written = readFileSync(file, 'utf8')
    writeFileSync(file, written.replace(/^version=.*$/m, 'version=99'))
    await expect(startBroker({ port: 0, dataDir: directory.path })).rejects.toMatchObject({
      code: 'ERR_LOG_FOREIGN_DIRECTORY',
      message: expect.stringMatching(/newer version.*99.*upgrade/) as string,
    })
    writeFileSync(file, written)
    await (await startBroker({ port: 0, dataDir: directory.path })).close()
  })

  it.each([
    ['node', { nodeId: 7 }, /belongs to node 1, and this is node 7/],
    ['cluster', { clusterId: 'AAAAAAAAAAAAAAAAAAAAAA' }, /belongs to cluster .*, and this is cluster AAAAAAAAAAAAAAAAAAAAAA/],
  ])('belongs to another %s', async (_name, options, message) => {
    using directory = temporaryDirectory()
    await (await startBroker({ port: 0, dataDir: directory.path })).close()
    await expect(startBroker({ port: 0, dataDir: directory.path, ...options })).rejects.toMatchObject({
      code: 'ERR_LOG_FOREIGN_DIRECTORY',
      message: expect.stringMatching(message) as string,
    })
  })

  it('is made when it is missing, with those above it', async () => {
    using directory = temporaryDirectory()
    mkdirSync(join(directory.path, 'a'))
    await using broker = await startBroker({ port: 0, dataDir: join(directory.path, 'a', 'b', 'c') })
    expect(broker.port).toBeGreaterThan(0)
  })
})
