/**
 * Runs one Raft node: gives it what happens as events, and does what it wants done, in order. What takes time goes on beside
 * and comes back as an event. Nothing here decides anything.
 */
import type { Clock, Logger, Timer } from '@millrace/runtime'
import type {
  Accept,
  Effect,
  Entry,
  Membership,
  Message,
  NodeStatus,
  RaftEvent,
  RaftNode,
  ReadSnapshot,
  RefusalReason,
  StoreSnapshot,
} from 'raft-ts'
import type { StoredSnapshot } from '../snapshot-format.ts'
import type { SnapshotStore } from '../snapshot-store.ts'
import { isWantOfRoom, type RaftStorage } from './raft-storage.ts'
import type { RaftTransport } from './raft-transport.ts'

export const TICK_MS = 50
/** A pause this long says nothing about the others: it was our own. */
const STALLED_MS = 600
/** Applying goes on for so long before others get their turn. */
const TURN_MS = 5
const RETRY_MS = 500
/** A node that is recovering and hears no leader says so this often. */
const HELPLESS_MS = 10_000

/** What is done with what Raft decides. None of it waits, and none of it throws unless this node cannot go on. */
export interface RaftApplication {
  apply(entry: Entry): void
  restore(snapshot: StoredSnapshot): void
  onAccepted(accept: Accept): void
  onRefused(context: unknown, reason: RefusalReason): void
  onStatus(status: NodeStatus): void
  onMembership(membership: Membership): void
  /** All that happened so far was dealt with. */
  onProgress(): void
  /** Called once: this node takes part in nothing any more. */
  onFailed(error: unknown): void
}

export interface RaftDriverOptions {
  readonly node: RaftNode
  readonly storage: RaftStorage
  readonly snapshots: SnapshotStore
  readonly transport: RaftTransport | null
  readonly clock: Clock
  readonly logger: Logger
  readonly application: RaftApplication
}

export class RaftDriver {
  readonly #options: RaftDriverOptions
  readonly #events: RaftEvent[] = []
  #isRunning = false
  #isStopped = false
  #tick: Timer | null = null
  #lastTickMs = 0
  #helplessSinceMs = 0
  #turnStartMs = 0
  #membership: Membership | null = null
  /** What was received last and found whole, until it is used. */
  #received: StoredSnapshot | null = null
  #receiving: Promise<void> = Promise.resolve()

  constructor(options: RaftDriverOptions) {
    this.#options = options
  }

  start(): void {
    this.#lastTickMs = this.#options.clock.monotonic()
    this.#helplessSinceMs = this.#lastTickMs
    this.#armTick()
    this.#run()
  }

  /** Events after this are lost. */
  stop(): void {
    this.#isStopped = true
    this.#tick?.cancel()
  }

  step(event: RaftEvent): void {
    if (this.#isStopped) return
    this.#events.push(event)
    if (!this.#isRunning) this.#run()
  }

  /** After a pause of this process what waited meanwhile says nothing about now. Raft is told of the pause first. */
  receive(message: Message): void {
    if (this.#isStopped) return
    this.#tickIf((elapsedMs) => elapsedMs > STALLED_MS)
    this.step({ type: 'message-received', message })
  }

  #run(): void {
    const { node, clock, application } = this.#options
    this.#isRunning = true
    this.#turnStartMs = clock.monotonic()
    try {
      this.#performAll(node.drain())
      for (let event = this.#events.shift(); event !== undefined && !this.#isStopped; event = this.#events.shift()) {
        node.step(event)
        this.#performAll(node.drain())
      }
    } catch (error) {
      // The node's own invariants, or an entry that cannot be applied: going on would spread the damage.
      this.stop()
      application.onFailed(error)
    } finally {
      this.#isRunning = false
    }
    if (this.#isStopped) return
    if (node.membership !== this.#membership) {
      this.#membership = node.membership
      application.onMembership(node.membership)
    }
    application.onProgress()
  }

  #performAll(effects: readonly Effect[]): void {
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: Effect): void {
    const { storage, transport, application } = this.#options
    switch (effect.type) {
      case 'send':
        return transport?.send(effect.message)
      case 'persist': {
        const { seq } = effect
        return this.#answer(storage.persist(effect).then(() => ({ type: 'persisted', seq })))
      }
      case 'read-entries': {
        const { purpose, fromIndex, lastIndex, bytesMax } = effect
        return this.#answer(storage.read(fromIndex, lastIndex, bytesMax).then((entries) => ({ type: 'entries-read', purpose, entries })))
      }
      case 'apply':
        return this.#apply(effect.entries)
      case 'restore':
        return this.#restore(effect.snapshot.index)
      case 'accept':
        return application.onAccepted(effect)
      case 'refuse':
        return application.onRefused(effect.context, effect.reason)
      case 'answer-read':
        // Nobody here asks: brokers read at an offset, and commands are decided by whoever is ready to lead.
        return
      case 'report-status':
        return application.onStatus(effect.status)
      case 'read-snapshot':
        return this.#answer(this.#readSnapshot(effect))
      case 'store-snapshot':
        return this.#storeSnapshot(effect)
    }
  }

  /** A failure is the storage's, and the end. */
  #answer(work: Promise<RaftEvent>): void {
    work.then(
      (event) => this.step(event),
      (error: unknown) => this.#fail(error),
    )
  }

  /** Confirmed at once, unless others have waited long enough for their turn. */
  #apply(entries: readonly Entry[]): void {
    const { application, storage, clock } = this.#options
    for (const entry of entries) application.apply(entry)
    const index = entries.at(-1)?.index ?? 0
    storage.applied(index)
    if (clock.monotonic() - this.#turnStartMs < TURN_MS) this.#events.push({ type: 'applied', index })
    else clock.defer(() => this.step({ type: 'applied', index }))
  }

  #restore(index: number): void {
    const { application, snapshots, storage } = this.#options
    const snapshot = this.#received?.image.offset === index - 1 ? this.#received : snapshots.load().snapshot
    this.#received = null
    if (snapshot === null || snapshot.image.offset !== index - 1) throw new Error(`the snapshot at index ${index} cannot be read any more`)
    application.restore(snapshot)
    storage.applied(index)
    this.#events.push({ type: 'applied', index })
  }

  async #readSnapshot({ to, snapshot, offset, bytesMax }: ReadSnapshot): Promise<RaftEvent> {
    const { snapshots, logger } = this.#options
    try {
      const piece = await snapshots.read(snapshot, offset, bytesMax)
      if (piece !== null) return { type: 'snapshot-read', to, snapshot, offset, ...piece }
    } catch (error) {
      logger.error('a metadata snapshot cannot be read for a follower', { to, index: snapshot.index, error })
    }
    return { type: 'snapshot-unreadable', to, snapshot }
  }

  /** Pieces are stored in the order in which they came. */
  #storeSnapshot({ snapshot, offset, data, isLast }: StoreSnapshot): void {
    const { snapshots } = this.#options
    const { index, term } = snapshot
    const position = { index, term }
    this.#receiving = this.#receiving.then(async () => {
      try {
        await this.#whenThereIsRoom(() => snapshots.receive(position, offset, data))
        if (this.#isStopped) return
        this.step({ type: 'snapshot-chunk-stored', snapshot: position, nextOffset: offset + data.length })
        if (!isLast) return
        this.#received = await snapshots.checkReceived(position)
        this.step({ type: 'snapshot-received', snapshot: position, isIntact: this.#received !== null })
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  async #whenThereIsRoom(work: () => void): Promise<void> {
    const { clock, logger } = this.#options
    while (!this.#isStopped) {
      try {
        work()
        return
      } catch (error) {
        if (!isWantOfRoom(error)) throw error
        logger.warn('there is no room for the snapshot that comes from the leader; it is tried again', { error })
        await new Promise<void>((resolve) => clock.setTimer(RETRY_MS, resolve))
      }
    }
  }

  /** Storage cannot be relied on any more. From now on nothing is said that depends on it. */
  #fail(error: unknown): void {
    if (this.#isStopped) return
    this.#options.application.onFailed(error)
    this.step({ type: 'storage-failed' })
    this.stop()
  }

  /** Where a majority is recovering nobody can be elected, and only people can help. */
  #sayIfHelpless(nowMs: number): void {
    const { node, logger } = this.#options
    const { isRecovering, leader } = node.status
    if (!isRecovering || leader !== null) this.#helplessSinceMs = nowMs
    if (nowMs - this.#helplessSinceMs < HELPLESS_MS) return
    this.#helplessSinceMs = nowMs
    logger.error(
      'this controller may lack metadata that it acknowledged, and no leader is there to give it again; ' +
        'start the other controllers, and where most of them say this, restore their directories from a backup',
    )
  }

  #armTick(): void {
    const { clock } = this.#options
    this.#tick = clock.setTimer(TICK_MS, () => {
      if (this.#isStopped) return
      this.#armTick()
      this.#tickIf(() => true)
      this.#sayIfHelpless(this.#lastTickMs)
    })
  }

  #tickIf(isDue: (elapsedMs: number) => boolean): void {
    const nowMs = this.#options.clock.monotonic()
    const elapsedMs = nowMs - this.#lastTickMs
    if (!isDue(elapsedMs)) return
    this.#lastTickMs = nowMs
    this.step({ type: 'tick', isStalled: elapsedMs > STALLED_MS })
  }
}
