import { BufferPool } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { FrameAssembler } from './frame-assembler.ts'
import type { PushOutcome } from './frame-assembler.ts'
import { RequestMemory } from './request-memory.ts'

const KIB = 1024
const MIB = 1024 * KIB
const MAX_BYTES = 4 * MIB
const CHUNK_BYTES = 64 * KIB

let memory: RequestMemory

beforeEach(() => {
  memory = new RequestMemory({ pool: new BufferPool(), maxBytes: MAX_BYTES })
})

/** A client that sends one frame, piece by piece, and waits where the broker does not read on. */
class Sender {
  readonly #assembler = new FrameAssembler(memory, 100 * MIB)
  readonly #frameBytes: number
  #sentBytes = -4
  #isWaiting = false
  isDone = false

  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes
  }

  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Sends up to so many bytes of the frame. */
  send(sizeBytes: number): void {
    const until = Math.min(this.#frameBytes, this.#sentBytes + sizeBytes)
    while (this.#sentBytes < until && !this.#isWaiting && !this.isDone) this.#sendChunk(Math.min(CHUNK_BYTES, until - this.#sentBytes))
  }

  sendAll(): void {
    this.send(this.#frameBytes + 4)
  }

  hangUp(): void {
    memory.forget(this.#retry)
    this.#assembler.close()
  }

  #sendChunk(sizeBytes: number): void {
    const chunk = new Uint8Array(sizeBytes)
    if (this.#sentBytes < 0) {
      const prefix = new Uint8Array(4)
      new DataView(prefix.buffer).setInt32(0, this.#frameBytes)
      this.#push(prefix)
      this.#sentBytes = 0
      return
    }
    this.#push(chunk)
    this.#sentBytes += this.#assembler.consumedBytes
    // Frames are handled in the turn in which they are whole.
    this.#assembler.releaseFrames()
  }

  #push(chunk: Uint8Array): PushOutcome {
    const outcome = this.#assembler.push(chunk, { onFrame: () => void (this.isDone = true), isBlocked: () => false })
    if (outcome === 'no-memory') {
      this.#isWaiting = true
      memory.whenAvailable(this.#retry)
    }
    return outcome
  }

  readonly #retry = (): void => {
    this.#isWaiting = false
  }
}

/** Lets everybody send on in turn until nobody can. */
function sendOn(senders: readonly Sender[]): void {
  for (let round = 0; round < 10_000 && senders.some(({ isDone, isWaiting }) => !isDone && !isWaiting); round += 1) {
    for (const sender of senders) sender.send(CHUNK_BYTES)
  }
}

describe('the memory for requests', () => {
  it('is not reserved for what a client merely states', () => {
    const sender = new Sender(90 * MIB)
    sender.send(100)
    expect(memory.takenBytes).toBeLessThanOrEqual(16 * KIB)
    sender.send(MIB)
    expect(memory.takenBytes).toBeLessThanOrEqual(4 * MIB)
  })

  it.each([MAX_BYTES - 1, MAX_BYTES, MAX_BYTES + 1, 5 * MAX_BYTES])('takes one frame of %i bytes, whatever its bound is', (frameBytes) => {
    const sender = new Sender(frameBytes)
    sender.sendAll()
    expect(sender.isDone).toBe(true)
    expect(memory.takenBytes).toBe(0)
  })

  it('lets frames wait that there is no room for, and one go on beyond the bound, so that all arrive in the end', () => {
    const senders = Array.from({ length: 8 }, () => new Sender(3 * MIB))
    let mostBytes = 0
    for (let round = 0; round < 10_000 && senders.some(({ isDone }) => !isDone); round += 1) {
      for (const sender of senders) {
        sender.send(CHUNK_BYTES)
        mostBytes = Math.max(mostBytes, memory.takenBytes)
      }
    }
    expect(senders.map(({ isDone }) => isDone)).toEqual(senders.map(() => true))
    expect(memory.takenBytes).toBe(0)
    expect(mostBytes).toBeLessThanOrEqual(MAX_BYTES + 4 * MIB)
  })

  it('is had again by those who wait when its holder hangs up', () => {
    const [greedy, second, third] = [new Sender(20 * MIB), new Sender(MIB), new Sender(MIB)]
    greedy.send(10 * MIB)
    second.send(MIB / 2)
    third.send(MIB / 2)
    sendOn([second, third])
    expect([second.isDone, third.isDone]).toEqual([false, false])
    greedy.hangUp()
    sendOn([second, third])
    expect([second.isDone, third.isDone]).toEqual([true, true])
    expect(memory.takenBytes).toBe(0)
  })

  it('wakes as many as there may be room for, not one at a time', () => {
    const greedy = new Sender(20 * MIB)
    greedy.send(10 * MIB)
    const others = Array.from({ length: 5 }, () => new Sender(100 * KIB))
    for (const other of others) other.send(50 * KIB)
    expect(others.map(({ isWaiting }) => isWaiting)).toEqual(others.map(() => true))
    greedy.hangUp()
    expect(others.map(({ isWaiting }) => isWaiting)).toEqual(others.map(() => false))
  })

  it('does not wake those who gave up', () => {
    const greedy = new Sender(20 * MIB)
    greedy.send(10 * MIB)
    const [first, second] = [new Sender(MIB), new Sender(MIB)]
    first.send(100 * KIB)
    second.send(100 * KIB)
    first.hangUp()
    greedy.hangUp()
    expect([first.isWaiting, second.isWaiting]).toEqual([true, false])
    second.sendAll()
    expect(memory.takenBytes).toBe(0)
  })
})
