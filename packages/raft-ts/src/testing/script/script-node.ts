/** A node whose disk and application do nothing until the script says so. */
import type { RaftNode } from '../../index.ts'
import { type Effect, type Message, type RaftEvent, type RaftOptions } from '../../index.ts'
import type { SimulatedDisk } from '../schedule/simulated-disk.ts'
import { describeEffect } from './describe.ts'

export class ScriptNode {
  readonly id: string
  readonly disk: SimulatedDisk
  readonly #options: Omit<RaftOptions, 'id' | 'initial'>
  readonly #trace: (line: string) => void
  readonly #send: (message: Message) => void
  readonly #makeNode: (options: RaftOptions) => RaftNode
  #node: RaftNode | null = null
  /** What arrives next as a snapshot is not what was sent. */
  spoilsSnapshots = false
  #tasks: (() => RaftEvent[])[] = []

  constructor(
    id: string,
    disk: SimulatedDisk,
    options: Omit<RaftOptions, 'id' | 'initial'>,
    around: {
      readonly trace: (line: string) => void
      readonly send: (message: Message) => void
      readonly makeNode: (options: RaftOptions) => RaftNode
    },
  ) {
    this.id = id
    this.disk = disk
    this.#options = options
    this.#trace = around.trace
    this.#send = around.send
    this.#makeNode = around.makeNode
  }

  /** Throws when the node is down: a script that speaks to it has a mistake in it. */
  get node(): RaftNode {
    if (this.#node === null) throw new Error(`${this.id} is down`)
    return this.#node
  }

  get isUp(): boolean {
    return this.#node !== null
  }

  get isIdle(): boolean {
    return this.#tasks.length === 0 && this.disk.queue.length === 0
  }

  start(isRecovering = false): void {
    const { disk, id } = this
    const { hardState, snapshot } = disk
    const initial = { hardState, snapshot: snapshot.meta, log: disk.recover(), appliedIndex: snapshot.meta.index, isRecovering }
    this.#node = this.#makeNode({ ...this.#options, id, initial })
    this.drain()
  }

  /** Of the oldest write under way only the first parts get to the disk; of the others nothing. */
  crash(parts: number): void {
    if (this.disk.queue.length > 0) this.disk.write(parts)
    this.disk.queue.length = 0
    this.disk.incoming = null
    this.disk.received = []
    this.#tasks = []
    this.#node = null
  }

  step(event: RaftEvent): void {
    this.node.step(event)
    this.drain()
  }

  drain(): void {
    for (const effect of this.node.drain()) {
      this.#trace(describeEffect(this.id, effect))
      this.#perform(effect)
    }
  }

  write(): void {
    if (this.disk.queue.length > 0) this.step({ type: 'persisted', seq: this.disk.write() })
  }

  /** Does the oldest thing that is to be done besides writing. */
  work(): void {
    const task = this.#tasks.shift()
    for (const event of task?.() ?? []) this.step(event)
  }

  #perform(effect: Effect): void {
    const { disk } = this
    switch (effect.type) {
      case 'send':
        return this.#send(effect.message)
      case 'persist':
        disk.queue.push(effect)
        return
      case 'apply':
        this.#tasks.push(() => [{ type: 'applied', index: effect.entries.at(-1)?.index ?? 0 }])
        return
      case 'restore':
        this.#tasks.push(() => [{ type: 'applied', index: effect.snapshot.index }])
        return
      case 'read-entries': {
        const { purpose, fromIndex, lastIndex } = effect
        this.#tasks.push(() => [{ type: 'entries-read', purpose, entries: disk.read(fromIndex, lastIndex) }])
        return
      }
      case 'read-snapshot': {
        const { to, snapshot, offset, bytesMax } = effect
        const stored = disk.snapshots.find(({ meta }) => meta.index === snapshot.index)
        const data = stored?.data.slice(offset, offset + bytesMax) ?? new Uint8Array()
        const isLast = offset + data.length >= (stored?.data.length ?? 0)
        this.#tasks.push(() => [{ type: 'snapshot-read', to, snapshot, offset, data, isLast }])
        return
      }
      case 'store-snapshot': {
        const { snapshot, offset, data, isLast } = effect
        this.#tasks.push(() => {
          disk.storeChunk(snapshot, offset, data)
          const stored: RaftEvent = { type: 'snapshot-chunk-stored', snapshot, nextOffset: offset + data.length }
          if (!isLast) return [stored]
          const isIntact = disk.finishIncoming() && !this.spoilsSnapshots
          this.spoilsSnapshots = false
          return [stored, { type: 'snapshot-received', snapshot, isIntact }]
        })
        return
      }
      default:
        return
    }
  }
}
