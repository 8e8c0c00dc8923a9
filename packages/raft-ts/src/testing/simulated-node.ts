/**
 * A driver as applications write one, on a simulated disk: it performs effects when the schedule lets it, answers with events,
 * and can be crashed between any two of them.
 */
import type { Effect, MembershipChange, Message, RaftEvent, RaftNode, RaftOptions, RequestContext } from '../index.ts'
import { HashMachine } from './hash-machine.ts'
import { claim, type History } from './history.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

export interface Surroundings {
  readonly history: History
  readonly random: SeededRandom
  readonly makeNode: (options: RaftOptions) => RaftNode
  readonly options: (id: string) => Omit<RaftOptions, 'initial'>
  readonly send: (message: Message) => void
  /** Whether this node's disk holds an entry, or a snapshot in its place. */
  readonly holds: (id: string, index: number, term: number) => boolean
  /** Whether this node has seen a later term: whoever led before then may believe of it what is not true any more. */
  readonly hasMovedOn: (id: string, term: number) => boolean
  readonly mayDefer: () => boolean
}

/** A client's request. `answeredBefore` is what somebody had been told when it was asked. */
interface Ask {
  readonly answeredBefore: number
}

interface Accepted extends Ask {
  readonly lastIndex: number
  readonly term: number
}

type Task = { readonly isStore: boolean; readonly run: () => RaftEvent[] }

export class SimulatedNode {
  readonly id: string
  readonly disk: SimulatedDisk
  /** Whether the application keeps its state by itself, or has it from snapshot and log after each start. */
  readonly #isMachineDurable: boolean
  readonly #around: Surroundings
  #machine = new HashMachine()
  #node: RaftNode | null = null
  #tasks: Task[] = []
  #accepted: Accepted[] = []
  /** Its disk has lost entries that were durable, and it does not have them again yet. */
  isDamaged = false

  constructor(id: string, disk: SimulatedDisk, isMachineDurable: boolean, around: Surroundings) {
    this.id = id
    this.disk = disk
    this.#isMachineDurable = isMachineDurable
    this.#around = around
    disk.onEntryDurable = (entry, previousTerm) => around.history.durable(entry, previousTerm)
  }

  get node(): RaftNode | null {
    return this.#node
  }

  get appliedHash(): number {
    return this.#machine.hash
  }

  get isIdle(): boolean {
    return this.#tasks.length === 0 && this.disk.queue.length === 0
  }

  get hasTasks(): boolean {
    return this.#tasks.length > 0
  }

  start(): void {
    const { disk, id } = this
    if (!this.#isMachineDurable || this.isDamaged) {
      this.#machine = new HashMachine()
      this.#machine.restore(disk.snapshot.data)
    }
    const log = disk.recover()
    const initial = {
      hardState: disk.hardState,
      snapshot: disk.snapshot.meta,
      log,
      appliedIndex: this.#machine.index,
      isRecovering: this.isDamaged,
    }
    this.#node = this.#around.makeNode({ ...this.#around.options(id), initial })
    this.#drain(this.#node)
  }

  crash(): void {
    this.disk.crash(this.#around.random)
    this.#node = null
    this.#tasks = []
    this.#accepted = []
  }

  propose(data: readonly Uint8Array[]): void {
    this.step({ type: 'proposed', data, context: this.#ask() })
  }

  read(): void {
    this.step({ type: 'read-requested', context: this.#ask() })
  }

  changeMembership(change: MembershipChange): void {
    this.step({ type: 'membership-change-proposed', change, context: this.#ask() })
  }

  /** The next write to the disk is done. */
  write(): void {
    if (this.disk.queue.length > 0) this.step({ type: 'persisted', seq: this.disk.write() })
  }

  /** Some effect that takes its time is done. */
  work(): void {
    const at = this.#around.random.below(Math.max(1, this.#tasks.length))
    const wanted = this.#tasks[at]
    // Chunks are stored in order.
    const task = wanted?.isStore === true ? this.#tasks.find(({ isStore }) => isStore) : wanted
    if (task === undefined) return
    this.#tasks = this.#tasks.filter((other) => other !== task)
    for (const event of task.run()) this.step(event)
  }

  snapshot(keepEntries: number): void {
    const node = this.#node
    const { disk } = this
    if (node === null || node.appliedIndex <= disk.snapshot.meta.index || node.appliedIndex !== this.#machine.index) return
    const meta = node.snapshotMetaAt(node.appliedIndex)
    if (meta === null) return
    this.#around.history.snapshot(this.id, meta)
    disk.saveSnapshot({ meta, data: this.#machine.save() })
    this.step({ type: 'snapshot-taken', index: meta.index })
    const index = node.compactableIndex - keepEntries
    if (index <= disk.compacted.index) return
    disk.compactTo(index)
    this.step({ type: 'log-compacted', index })
  }

  step(event: RaftEvent): void {
    const node = this.#node
    if (node === null) return
    const { history } = this.#around
    const committed = node.commitIndex
    node.step(event)
    const { role } = node.status
    if (role === 'leader') {
      history.leads(this.id, node)
      if (node.commitIndex > committed) history.durableOnQuorum(this.id, node, this.#around.holds)
      if (event.type === 'message-received') this.#checkMatches(node)
    } else if (role !== 'follower') {
      history.campaigns(this.id, node)
    }
    history.commits(this.id, node, committed)
    if (!node.status.isRecovering) this.isDamaged = false
    if (!this.#around.mayDefer()) this.#drain(node)
  }

  #drain(node: RaftNode): void {
    for (const effect of node.drain()) this.#perform(effect)
  }

  #perform(effect: Effect): void {
    const { disk } = this
    switch (effect.type) {
      case 'send':
        return this.#around.send(effect.message)
      case 'persist':
        disk.queue.push(effect)
        return
      case 'read-entries': {
        const { purpose, fromIndex, lastIndex } = effect
        return this.#later(() => [{ type: 'entries-read', purpose, entries: disk.read(fromIndex, lastIndex) }])
      }
      case 'apply':
        return this.#later(() => {
          for (const entry of effect.entries) this.#apply(entry)
          return [{ type: 'applied', index: this.#machine.index }]
        })
      case 'restore':
        return this.#later(() => {
          this.#machine.restore(disk.snapshot.data)
          this.#around.history.reaches(this.id, this.#machine.index, this.#machine.hash)
          return [{ type: 'applied', index: this.#machine.index }]
        })
      case 'accept':
        this.#accepted.push({ ...(effect.context as Ask), lastIndex: effect.lastIndex, term: effect.term })
        return
      case 'answer-read':
        claim('I3', effect.index <= this.#machine.index, () => `${this.id} answers from ${this.#machine.index}, before ${effect.index}`)
        return this.#around.history.answers('read', this.#machine.index, (effect.context as Ask).answeredBefore)
      case 'refuse':
      case 'report-status':
        return
      case 'read-snapshot': {
        const { to, snapshot, offset, bytesMax } = effect
        return this.#later(() => {
          const stored = disk.snapshots.find(({ meta }) => meta.index === snapshot.index && meta.term === snapshot.term)
          if (stored === undefined) return [{ type: 'snapshot-unreadable', to, snapshot }]
          const data = stored.data.slice(offset, offset + bytesMax)
          return [{ type: 'snapshot-read', to, snapshot, offset, data, isLast: offset + data.length >= stored.data.length }]
        })
      }
      case 'store-snapshot': {
        const { snapshot, offset, data, isLast } = effect
        const { index, term } = snapshot
        const store = (): RaftEvent[] => {
          disk.storeChunk(snapshot, offset, data)
          const stored: RaftEvent = { type: 'snapshot-chunk-stored', snapshot: { index, term }, nextOffset: offset + data.length }
          if (!isLast) return [stored]
          const isIntact = !this.#around.random.chance(0.1) && disk.finishIncoming()
          return [stored, { type: 'snapshot-received', snapshot: { index, term }, isIntact }]
        }
        this.#tasks.push({ isStore: true, run: store })
        return
      }
    }
  }

  #apply(entry: Parameters<HashMachine['apply']>[0]): void {
    const { history } = this.#around
    this.#machine.apply(entry)
    history.reaches(this.id, entry.index, this.#machine.hash)
    for (const accepted of this.#accepted) {
      if (accepted.lastIndex !== entry.index || accepted.term !== entry.term) continue
      history.answers('write', entry.index, accepted.answeredBefore)
    }
    this.#accepted = this.#accepted.filter(({ lastIndex }) => lastIndex > entry.index)
  }

  /** I9: what a leader counts on is there. */
  #checkMatches(node: RaftNode): void {
    for (const { id, matchIndex } of node.peers()) {
      const term = node.termAt(matchIndex)
      if (term === undefined || matchIndex === 0 || this.#around.hasMovedOn(id, node.status.term)) continue
      claim('I9', this.#around.holds(id, matchIndex, term), () => `${this.id} believes ${id} to hold ${term}/${matchIndex} durably`)
    }
  }

  #later(run: () => RaftEvent[]): void {
    this.#tasks.push({ isStore: false, run })
  }

  #ask(): RequestContext {
    return { answeredBefore: this.#around.history.answeredIndex } satisfies Ask
  }
}
