/**
 * A driver as applications write one, on a simulated disk: it performs effects when the schedule lets it, answers with events,
 * and can be crashed between any two of them.
 */
import {
  type Effect,
  isVoter,
  type Membership,
  type MembershipChange,
  type Message,
  type RaftEvent,
  type RaftLimits,
  type RaftNode,
  type RaftOptions,
  type RequestContext,
} from '../../index.ts'
import { describeEffect } from '../script/describe.ts'
import type { SeededRandom } from '../seeded-random.ts'
import type { Coverage } from './coverage.ts'
import { HashMachine } from './hash-machine.ts'
import { claim, type History } from './history.ts'
import { Observer } from './observer.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { Trace } from './trace.ts'

export interface Surroundings {
  readonly history: History
  readonly coverage: Coverage
  readonly trace: Trace
  readonly random: SeededRandom
  readonly makeNode: (options: RaftOptions) => RaftNode
  readonly options: (id: string, life: number) => Omit<RaftOptions, 'initial'>
  readonly send: (message: Message) => void
  /** Whether this node's disk holds an entry, or a snapshot in its place. */
  readonly holds: (id: string, index: number, term: number) => boolean
  /** Whether this node has seen a later term: whoever led before then may believe of it what is not true any more. */
  readonly hasMovedOn: (id: string, term: number) => boolean
  readonly mayDefer: () => boolean
  readonly snapshotEvery: number
  readonly limitsOf: (id: string) => Partial<RaftLimits>
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
  readonly #observer: Observer
  #machine = new HashMachine()
  #node: RaftNode | null = null
  #lives = 0
  #tasks: Task[] = []
  #accepted: Accepted[] = []
  /** Its disk has lost entries that were durable, and it does not have them again yet. */
  isDamaged = false
  /** Nothing happens to it. What it is sent meanwhile is lost. */
  isStopped = false
  /** It crashes when so many more effects were performed. */
  crashAfter: number | null = null

  constructor(id: string, disk: SimulatedDisk, isMachineDurable: boolean, around: Surroundings) {
    this.id = id
    this.disk = disk
    this.#isMachineDurable = isMachineDurable
    this.#around = around
    this.#observer = new Observer(id, around.coverage)
    disk.onEntryDurable = (entry, previousTerm) => around.history.durable(entry, previousTerm)
    disk.onTornWrite = () => around.coverage.sometimes('a write is torn by a crash')
  }

  get node(): RaftNode | null {
    return this.#node
  }

  get appliedHash(): number {
    return this.#machine.hash
  }

  get isIdle(): boolean {
    return this.#node === null || (this.#tasks.length === 0 && this.disk.queue.length === 0)
  }

  /** It recovers, or would after a restart. */
  get mayNotVote(): boolean {
    return this.isDamaged || this.disk.hardState.isRecovering || this.#node?.status.isRecovering === true
  }

  /** Those it may act by, now or after a restart: the one that is committed, as far as it knows, and whatever came after it. */
  memberships(): readonly Membership[] {
    const { snapshot, hardState, compacted } = this.disk
    const commitIndex = this.#node?.commitIndex ?? Math.max(hardState.commitIndex, compacted.index, snapshot.meta.index)
    const { memberships } = this.disk.recover()
    const committed = memberships.findLast(({ index }) => index <= commitIndex)?.membership ?? snapshot.meta.membership
    const later = memberships.filter(({ index }) => index > commitIndex).map(({ membership }) => membership)
    return [committed, ...later, ...(this.#node === null ? [] : [this.#node.membership])]
  }

  /** A fault meets this node in the role it is in. */
  fault(name: string): void {
    this.#around.coverage.fault(name, this.role)
  }

  start(): void {
    const { id, disk } = this
    if (!this.#isMachineDurable || this.isDamaged) {
      this.#machine = new HashMachine()
      this.#machine.restore(disk.snapshot.data)
    }
    const { hardState, snapshot } = disk
    const initial = { hardState, snapshot: snapshot.meta, log: disk.recover(), appliedIndex: this.#machine.index }
    this.#lives += 1
    this.#node = this.#around.makeNode({ ...this.#around.options(id, this.#lives), initial })
    this.#around.trace.note(id, 'start', hardState.term, initial.log.lastIndex)
    this.#around.trace.line(() => `  ${id} starts in term ${hardState.term}, log to ${initial.log.lastIndex}`)
    claim('I12', !this.isDamaged || this.#node.status.isRecovering, () => `${id} has lost entries, and takes no notice`)
    this.#drain(this.#node)
  }

  crash(): void {
    if (this.isDamaged && this.#node !== null) this.#around.coverage.sometimes('a node that recovers crashes again')
    this.#around.trace.line(() => `  ${this.id} crashes`)
    this.crashAfter = null
    this.isStopped = false
    this.disk.crash(this.#around.random)
    this.#node = null
    this.#tasks = []
    this.#accepted = []
  }

  /** Whoever is down, or has failed, is up again. */
  revive(): void {
    if (this.#node === null || this.#node.status.role === 'failed') this.restart()
  }

  restart(): void {
    if (this.#node !== null) this.crash()
    this.start()
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
    const write = this.disk.queue[0]
    if (write === undefined || this.#node === null || this.isStopped) return
    this.#observer.writes(this.#node, write)
    this.step({ type: 'persisted', seq: this.disk.write() })
  }

  /** Some effect that takes its time is done. */
  work(): void {
    const at = this.#around.random.below(Math.max(1, this.#tasks.length))
    const wanted = this.#tasks[at]
    // Chunks are stored in order.
    const task = wanted?.isStore === true ? this.#tasks.find(({ isStore }) => isStore) : wanted
    if (task === undefined || this.isStopped) return
    this.#tasks = this.#tasks.filter((other) => other !== task)
    for (const event of task.run()) this.step(event)
    const { snapshotEvery } = this.#around
    if (snapshotEvery > 0 && this.#machine.index >= this.disk.snapshot.meta.index + snapshotEvery) this.snapshot(0)
  }

  snapshot(keepEntries: number): void {
    const node = this.#node
    const { disk } = this
    if (node === null || node.appliedIndex <= disk.snapshot.meta.index || node.appliedIndex !== this.#machine.index) return
    if (node.status.role === 'failed' || this.isStopped) return
    const meta = node.snapshotMetaAt(node.appliedIndex)
    if (meta === null) return
    this.#around.history.snapshot(this.id, meta)
    disk.saveSnapshot({ meta, data: this.#machine.save() })
    this.fault('snapshot')
    this.step({ type: 'snapshot-taken', index: meta.index })
    const index = node.compactableIndex - keepEntries
    if (this.#node === null || index <= disk.compacted.index) return
    disk.compactTo(index)
    this.step({ type: 'log-compacted', index })
  }

  step(event: RaftEvent): void {
    const node = this.#node
    if (node === null || this.isStopped) return
    const { history, trace } = this.#around
    const committed = node.commitIndex
    this.#observer.before(node)
    node.step(event)
    const { role, term } = node.status
    trace.note(this.id, event.type, term, role.length, node.commitIndex, node.lastLog.index, node.durableIndex)
    this.#observer.after(node, event)
    if (role === 'leader') {
      history.leads(this.id, node)
      if (node.commitIndex > committed) history.durableOnQuorum(this.id, node, this.#around.holds)
      if (event.type === 'message-received') this.#checkMatches(node)
    } else if (role === 'candidate' || role === 'pre-candidate') {
      history.campaigns(this.id, node)
    }
    history.commits(this.id, node, committed)
    if (!this.#around.mayDefer()) this.#drain(node)
  }

  #noticeRecovery(node: RaftNode): void {
    if (!this.isDamaged || node.status.isRecovering) return
    this.isDamaged = false
    this.#around.coverage.sometimes('a node that had lost entries has recovered')
  }

  #drain(node: RaftNode): void {
    const effects = node.drain()
    this.#noticeRecovery(node)
    for (const effect of effects) {
      this.#around.trace.line(() => describeEffect(this.id, effect))
      this.#observer.performs(node, effect, this.disk)
      this.#perform(effect)
      if (this.crashAfter === null) continue
      this.crashAfter -= 1
      if (this.crashAfter >= 0) continue
      this.fault('crash-midway')
      this.crash()
      return
    }
  }

  #perform(effect: Effect): void {
    const { disk } = this
    switch (effect.type) {
      case 'send': {
        const { message } = effect
        claim('I12', this.#node?.status.role !== 'failed', () => `${this.id} has failed, and says ${message.type}`)
        this.#around.trace.note(message.to, message.type, message.term)
        return this.#around.send(message)
      }
      case 'persist':
        claim('I12', this.#node?.status.role !== 'failed', () => `${this.id} has failed, and writes`)
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
    const { history, coverage } = this.#around
    this.#machine.apply(entry)
    history.reaches(this.id, entry.index, this.#machine.hash)
    for (const accepted of this.#accepted) {
      if (accepted.lastIndex !== entry.index) continue
      if (accepted.term === entry.term) history.answers('write', entry.index, accepted.answeredBefore)
      else coverage.sometimes('a proposal is lost')
    }
    this.#accepted = this.#accepted.filter(({ lastIndex }) => lastIndex > entry.index)
  }

  /** I9: what a leader counts on is there. */
  #checkMatches(node: RaftNode): void {
    for (const peer of node.peers()) {
      const { id, matchIndex } = peer
      this.#observer.peer(peer, this.#around.limitsOf(this.id))
      const term = node.termAt(matchIndex)
      if (term === undefined || matchIndex === 0 || this.#around.hasMovedOn(id, node.status.term)) continue
      claim('I9', this.#around.holds(id, matchIndex, term), () => `${this.id} believes ${id} to hold ${term}/${matchIndex} durably`)
    }
  }

  get role(): string {
    if (this.#node === null) return 'down'
    const { status, membership } = this.#node
    if (status.isRecovering) return 'recovering'
    return status.role === 'follower' && !isVoter(membership, this.id) ? 'learner' : status.role
  }

  #later(run: () => RaftEvent[]): void {
    this.#tasks.push({ isStore: false, run })
  }

  #ask(): RequestContext {
    return { answeredBefore: this.#around.history.answeredIndex } satisfies Ask
  }
}
