import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Connection, openConnection } from './connection.ts'

type Answer = { readonly head: Buffer; readonly sizeBytes: number }

const server = createServer()
let port = 0

beforeEach(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterEach(() => void server.close())

function answer(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

async function connect(keepBytes: number): Promise<{ connection: Connection; peer: Socket }> {
  const accepted = once(server, 'connection')
  const connection = await openConnection(port, keepBytes)
  return { connection, peer: (await accepted)[0] as Socket }
}

async function receive(connection: Connection, count: number): Promise<Answer[]> {
  const answers: Answer[] = []
  return new Promise((resolve, reject) => {
    connection.onLost = reject
    connection.onAnswer = (head, sizeBytes) => {
      answers.push({ head: Buffer.from(head), sizeBytes })
      if (answers.length === count) resolve(answers)
    }
  })
}

it('tells of a connection that the broker closes', async () => {
  const { connection, peer } = await connect(Infinity)
  const lost = new Promise<Error>((resolve) => (connection.onLost = resolve))
  peer.destroy()
  expect((await lost).message).toContain('closed the connection')
})

it('fails when nobody listens', async () => {
  server.close()
  await expect(openConnection(port, Infinity)).rejects.toThrow('ECONNREFUSED')
})

it('says nothing of a loss after it was closed on purpose', async () => {
  const { connection, peer } = await connect(Infinity)
  let isLost = false
  connection.onLost = () => (isLost = true)
  const ended = once(peer, 'close')
  connection.close()
  peer.resume()
  await ended
  expect(isLost).toBe(false)
})

it.each([1, 3, 4, 5, 7, 1000])('finds the same answers in pieces of %d bytes', async (pieceBytes) => {
  const { connection, peer } = await connect(Infinity)
  peer.setNoDelay(true)
  const bodies = [Buffer.from('abcd'), Buffer.alloc(300, 7), Buffer.from('last')]
  const received = receive(connection, bodies.length)
  const bytes = Buffer.concat(bodies.map(answer))
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    peer.write(bytes.subarray(at, at + pieceBytes))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await received).map(({ head }) => head)).toEqual(bodies.map(answer))
  connection.close()
})

it('keeps only the head of a large answer, tells its whole size, and finds the next one', async () => {
  const { connection, peer } = await connect(16)
  const received = receive(connection, 2)
  const large = answer(Buffer.concat([Buffer.from('0123456789abcdef'), Buffer.alloc(1_000_000)]))
  peer.write(Buffer.concat([large, answer(Buffer.from('next'))]))
  const [first, second] = await received
  expect(first?.head.toString('latin1', 4)).toBe('0123456789ab')
  expect(first?.sizeBytes).toBe(large.length)
  expect(second?.head).toEqual(answer(Buffer.from('next')))
  connection.close()
})
