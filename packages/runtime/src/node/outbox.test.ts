/** What an outbox may do with a socket that is not a plain one. The rest is tested through the network port. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as tls from 'node:tls'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../testing/directory.ts'
import { createNodeDisk } from './disk.ts'
import { networkStatistics } from './network-statistics.ts'
import { Outbox } from './outbox.ts'

/** A key that both sides know, so that no certificate is needed. */
const SHARED_KEY = { ciphers: 'PSK', maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const
const KEY = Buffer.alloc(32, 7)

it('never lets a range past the encryption of a socket', async () => {
  const directory = temporaryDirectory()
  const content = new Uint8Array(2_000_000).map((_, index) => index * 7)
  const file = createNodeDisk().open(`${directory.path}/segment`, { create: true })
  file.writeSync([content], 0)

  const server = tls.createServer({ ...SHARED_KEY, pskCallback: () => KEY })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = tls.connect({
    ...SHARED_KEY,
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    pskCallback: () => ({ psk: KEY, identity: 'test' }),
    checkServerIdentity: () => undefined,
  })
  const [accepted] = (await once(server, 'secureConnection')) as [tls.TLSSocket]
  const before = networkStatistics()
  const failures: Error[] = []
  const outbox = new Outbox(accepted, { onDrain: () => {}, onFailure: (error) => failures.push(error) }, { useSendFile: true })
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
  file.close()
  directory.remove()
})
