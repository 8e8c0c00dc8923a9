/**
 * Raft's messages between simulated controllers, each on its own: late, out of order, twice or not at all, as Raft has to bear. None
 * is altered, and none reaches another member than the one it is for.
 */
import type { RaftEndpoint, RaftTransport } from '@millrace/controller'
import type { Clock } from '@millrace/runtime'
import type { Life } from '../core/life.ts'
import type { RandomStream } from '../core/random-streams.ts'
import type { Scheduler } from '../core/scheduler.ts'
import type { Fabric } from '../network/fabric.ts'
import { sizeOf } from './parcels.ts'

export interface MessageChaos {
  readonly lossChance: number
  readonly repeatChance: number
  /** Added to the way of each message, up to this: more than between two messages lets them overtake. */
  readonly jitterMs: number
}

type Message = Parameters<RaftTransport['send']>[0]

export interface BoxOptions {
  readonly life: Life
  readonly address: string
  readonly port: number
  readonly raftId: string
  readonly clock: Clock
}

interface Box extends BoxOptions {
  onMessage: ((message: Message) => void) | null
}

export class Post {
  readonly #scheduler: Scheduler
  readonly #fabric: Fabric
  readonly #random: RandomStream
  readonly #chaos: MessageChaos
  readonly #boxes = new Map<string, Box>()

  constructor(scheduler: Scheduler, fabric: Fabric, random: RandomStream, chaos: MessageChaos) {
    this.#scheduler = scheduler
    this.#fabric = fabric
    this.#random = random
    this.#chaos = chaos
  }

  box(options: BoxOptions): RaftTransport {
    const box: Box = { ...options, onMessage: null }
    const place = `${options.address}:${options.port}`
    let peers: ReadonlyMap<string, RaftEndpoint> = new Map()
    let onUnreachable: (peer: string) => void = () => undefined
    this.#boxes.set(place, box)
    const isOpen = (): boolean => box.life.isAlive && this.#boxes.get(place) === box
    return {
      start: (onMessage, unreachable) => {
        box.onMessage = onMessage
        onUnreachable = unreachable
      },
      setPeers: (next) => {
        peers = next
      },
      send: (message) => {
        if (!isOpen()) return
        const endpoint = peers.get(message.to)
        const lost = (): void => {
          this.#scheduler.schedule(this.#random.within(0, 1_000), box.life, 'raft-unreachable', () => {
            if (isOpen()) onUnreachable(message.to)
          })
        }
        if (endpoint === undefined) return lost()
        this.#send(box, endpoint, structuredClone(message), lost)
        if (this.#random.chance(this.#chaos.repeatChance)) this.#send(box, endpoint, structuredClone(message), () => undefined)
      },
      close: async () => {
        if (this.#boxes.get(place) === box) this.#boxes.delete(place)
      },
    }
  }

  #send(from: Box, { host, port }: RaftEndpoint, message: Message, lost: () => void): void {
    if (this.#random.chance(this.#chaos.lossChance)) return
    const link = this.#fabric.link(from.address, host)
    const delayMs = link.delayMs(this.#scheduler.nowMs, sizeOf(message)) + this.#random.within(0, this.#chaos.jitterMs)
    this.#scheduler.schedule(delayMs, null, 'raft-arrive', () => {
      const to = this.#boxes.get(`${host}:${port}`)
      const isThere = to !== undefined && to.life.isAlive && to.raftId === message.to
      if (link.isBlocked || !isThere) return lost()
      this.#scheduler.schedule(0, to.life, `raft-${message.type}`, () => to.onMessage?.(message), message.term)
    })
  }
}
