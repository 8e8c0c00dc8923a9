import { encodeResponseFrame, heartbeatApi, joinChunks } from '@millrace/protocol'
import { BufferPool, type Logger } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { RequestMemory } from '../network/request-memory.ts'
import { ScriptedConnection } from '../testing/scripted-connection.ts'
import { StillClock } from '../testing/still-clock.ts'
import { PeerConnection } from './peer-connection.ts'

const MAX_FRAME_BYTES = 10_000
const TIMEOUT_MS = 1_000
const VERSION = 3

let clock: StillClock
let connection: ScriptedConnection
let memory: RequestMemory
let errors: string[]
let closed: string[]
let peer: PeerConnection
let answers: number[]

beforeEach(() => {
  clock = new StillClock()
  connection = new ScriptedConnection()
  memory = new RequestMemory({ pool: new BufferPool(), maxBytes: 20_000 })
  errors = []
  closed = []
  answers = []
  const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (event) => void errors.push(event), child: () => logger }
  peer = new PeerConnection({
    connection,
    clock,
    logger,
    memory,
    maxFrameBytes: MAX_FRAME_BYTES,
    timeoutMs: TIMEOUT_MS,
    clientId: 'test',
    onClosed: (reason) => void closed.push(reason),
  })
})

function ask(onAnswer: (errorCode: number) => void = (errorCode) => void answers.push(errorCode)): void {
  const request = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
  peer.send(heartbeatApi, VERSION, request, (answer) => onAnswer(answer.errorCode))
}

function answer(correlationId: number, errorCode: number): Uint8Array {
  return joinChunks(encodeResponseFrame(heartbeatApi, VERSION, correlationId, { throttleTimeMs: 0, errorCode }))
}

describe('answers of a peer', () => {
  it('come to those who asked, in order, however they are cut', () => {
    ask()
    ask()
    const bytes = new Uint8Array([...answer(1, 25), ...answer(2, 27)])
    for (const byte of bytes) connection.deliver(Uint8Array.of(byte))
    expect(answers).toEqual([25, 27])
    expect(peer.awaitedCount).toBe(0)
    expect(memory.takenBytes).toBe(0)
  })

  it.each([
    ['out of turn', () => answer(2, 0)],
    ['with bytes that are none of it', () => new Uint8Array([0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9])],
    ['without a header', () => new Uint8Array([0, 0, 0, 2, 0, 0])],
    ['larger than any can be', () => new Uint8Array([0x7f, 0xff, 0xff, 0xff])],
    ['of a negative size', () => new Uint8Array([0xff, 0xff, 0xff, 0xff])],
  ])('%s end the connection, and it alone', (_what, bytes) => {
    ask()
    connection.deliver(bytes())
    expect([connection.isDestroyed, closed.length, answers, errors]).toEqual([true, 1, [], []])
    connection.deliver(answer(1, 0))
    expect(answers).toEqual([])
  })

  it('that nobody asked for end the connection', () => {
    connection.deliver(answer(1, 0))
    expect(closed).toEqual(['an answer that nobody asked for'])
  })

  it('that cannot be handled end the connection, with a word in the log', () => {
    ask(() => {
      throw new Error('a bug')
    })
    connection.deliver(answer(1, 0))
    expect([closed, errors.length]).toEqual([['internal error'], 1])
  })

  it('do not come for too long: the connection is given up', () => {
    ask()
    clock.advance(TIMEOUT_MS / 2)
    ask()
    connection.deliver(answer(1, 0))
    clock.advance(TIMEOUT_MS - 1)
    expect(closed).toEqual([])
    clock.advance(1)
    expect(closed).toEqual([`no answer for ${TIMEOUT_MS} ms`])
    expect(connection.isDestroyed).toBe(true)
  })

  it('wait for memory that others hold, unread', () => {
    const held = [memory.take(10_000, 10_000, null), memory.take(10_000, 10_000, null)]
    ask()
    const bytes = answer(1, 25)
    connection.deliver(bytes.subarray(0, 6))
    expect(connection.isReading).toBe(false)
    for (const buffer of held) if (buffer !== null) memory.give(buffer)
    expect(connection.isReading).toBe(true)
    connection.deliver(bytes.subarray(6))
    expect(answers).toEqual([25])
  })

  it('are not waited for any more when the peer is gone', () => {
    ask()
    connection.destroy()
    expect(closed).toEqual(['the peer closed the connection'])
    clock.advance(10 * TIMEOUT_MS)
    expect(closed).toHaveLength(1)
  })
})
