/** What the system does to an outbox now and then, and what it must never do. The usual is tested through the network port. */
import { once } from 'node:events'
import * as net from 'node:net'
import { constants } from 'node:os'
import * as tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DiskFile } from '../ports/disk.ts'
import { NETWORK_ERROR_CODES } from '../ports/network.ts'
import { temporaryDirectory } from '../testing/directory.ts'
import { createNodeDisk } from './disk.ts'
import { networkStatistics } from './network-statistics.ts'
import { Outbox } from './outbox.ts'
import { loadSendFile, type SendFile } from './send-file.ts'

const content = new Uint8Array(2_000_000).map((_, index) => index * 7 + (index >> 8))
let directory: ReturnType<typeof temporaryDirectory>
let file: DiskFile
beforeEach(() => {
  directory = temporaryDirectory()
  file = createNodeDisk().open(`${directory.path}/segment`, { create: true })
  file.writeSync([content], 0)
})
afterEach(() => {
  file.close()
  directory.remove()
})

/** A key that both sides know, so that no certificate is needed. */
const SHARED_KEY = { ciphers: 'PSK', maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const
const KEY = Buffer.alloc(32, 7)

it('never lets a range past the encryption of a socket', async () => {
  const server = tls.createServer({ ...SHARED_KEY, pskCallback: () => KEY })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = tls.connect({
    ...SHARED_KEY,
    host: '127.0.0.1',
    port: (server.address() as net.AddressInfo).port,
    pskCallback: () => ({ psk: KEY, identity: 'test' }),
    checkServerIdentity: () => undefined,
  })
  const [accepted] = (await once(server, 'secureConnection')) as [tls.TLSSocket]
  const before = networkStatistics()
  const failures: Error[] = []
  const outbox = new Outbox(accepted, { onDrain: () => {}, onFailure: (error) => failures.push(error) }, { loadSendFile })
  outbox.write([content.subarray(0, 10)], undefined)
  outbox.writeFile(file, 10, content.length - 20, undefined)
  outbox.writeFile(file, content.length - 10, 10, () => accepted.end())

  const chunks: Buffer[] = []
  client.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(client, 'end')
  expect(Buffer.compare(Buffer.concat(chunks), content)).toBe(0)
  expect(failures).toEqual([])
  expect(networkStatistics().sendFileBytes).toBe(before.sendFileBytes)
  client.destroy()
  server.close()
})

const real = process.platform === 'linux' ? loadSendFile() : null

describe.runIf(real !== null)('a range goes out byte for byte', () => {
  const { EAGAIN, EINTR, EINVAL, EIO } = constants.errno

  /** The real call, except where `instead` has something else to say about the call of that number. */
  function faulty(instead: Partial<SendFile>): SendFile {
    if (real === null) throw new Error('sendfile is not available')
    return { ...real, ...instead }
  }

  async function send(sendFile: SendFile): Promise<{ readonly received: Buffer; readonly failures: readonly Error[] }> {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    const [accepted] = (await once(server, 'connection')) as [net.Socket]
    const failures: Error[] = []
    const onFailure = (error: Error): void => {
      failures.push(error)
      accepted.destroy()
    }
    const outbox = new Outbox(accepted, { onDrain: () => accepted.end(), onFailure }, { loadSendFile: () => sendFile })
    outbox.write([content.subarray(0, 100)], undefined)
    outbox.writeFile(file, 100, 1_700_000, undefined)
    outbox.writeFile(file, 1_700_100, content.length - 1_700_100, undefined)
    const chunks: Buffer[] = []
    client.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(client, 'close')
    server.close()
    return { received: Buffer.concat(chunks), failures }
  }

  let calls = 0
  beforeEach(() => {
    calls = 0
  })

  it.each<[string, () => SendFile]>([
    ['when nothing is in the page cache', () => faulty({ isCached: () => false })],
    ['when some of it is', () => faulty({ isCached: () => calls++ % 3 === 0 })],
    ['when calls are interrupted', () => faulty({ send: (...range) => (calls++ % 2 === 0 ? -EINTR : (real?.send(...range) ?? 0)) })],
    ['when the socket is always full', () => faulty({ send: () => -EAGAIN })],
    [
      'when the socket is full now and then',
      () => faulty({ send: (...range) => (calls++ % 2 === 0 ? -EAGAIN : (real?.send(...range) ?? 0)) }),
    ],
    [
      'when the socket takes little',
      () => faulty({ send: (socket, from, position, length) => real?.send(socket, from, position, Math.min(length, 999)) ?? 0 }),
    ],
    ['when the file system cannot', () => faulty({ send: () => -EINVAL })],
    [
      'when the file system stops being able to',
      () =>
        faulty({
          send: (socket, from, position, length) =>
            calls++ < 3 ? (real?.send(socket, from, position, Math.min(length, 50_000)) ?? 0) : -EINVAL,
        }),
    ],
  ])('%s', async (_, make) => {
    const { received, failures } = await send(make())
    expect(failures).toEqual([])
    expect(Buffer.compare(received, content)).toBe(0)
  })

  it.each([
    ['the device fails', -EIO],
    ['the file ends early', 0],
  ])('or not at all: when %s, the connection ends', async (_, result) => {
    const { received, failures } = await send(faulty({ send: () => result }))
    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({ name: 'NetworkError', code: NETWORK_ERROR_CODES.failed })
    expect(received.length).toBeLessThanOrEqual(100)
  })
})
