/**
 * What waits to be asked of other brokers, one queue for each. What is queued in one turn of the loop goes together, and while a
 * broker has as many requests under way as it may have, what comes waits and goes together when one is answered: a broker that is slow
 * is asked rarely and about much.
 */
import type { Clock } from '@millrace/runtime'

export interface BrokerQueuesOptions<Item, Request> {
  readonly clock: Clock
  readonly inFlightMax: number
  /** Takes out of a queue that is not empty what makes up one request. */
  take(queue: Item[]): Request
  /** Resolves when the request is over, however it ended. Never rejects. */
  deliver(brokerId: number, request: Request): Promise<void>
}

interface Destination<Item> {
  readonly queue: Item[]
  inFlight: number
  isPlanned: boolean
}

export class BrokerQueues<Item, Request> {
  readonly #options: BrokerQueuesOptions<Item, Request>
  readonly #destinations = new Map<number, Destination<Item>>()

  constructor(options: BrokerQueuesOptions<Item, Request>) {
    this.#options = options
  }

  /** `add` puts something into the queue, or into what is queued already. It is sent after the current turn, or when there is room. */
  enqueue(brokerId: number, add: (queue: Item[]) => void): void {
    const destination = this.#destinations.get(brokerId) ?? { queue: [], inFlight: 0, isPlanned: false }
    this.#destinations.set(brokerId, destination)
    add(destination.queue)
    const { clock, inFlightMax } = this.#options
    if (destination.isPlanned || destination.inFlight >= inFlightMax) return
    destination.isPlanned = true
    clock.defer(() => {
      destination.isPlanned = false
      this.#send(brokerId, destination)
    })
  }

  #send(brokerId: number, destination: Destination<Item>): void {
    const { inFlightMax, take, deliver } = this.#options
    while (destination.inFlight < inFlightMax && destination.queue.length > 0) {
      destination.inFlight += 1
      void deliver(brokerId, take(destination.queue)).finally(() => {
        destination.inFlight -= 1
        this.#send(brokerId, destination)
      })
    }
    if (destination.inFlight === 0 && destination.queue.length === 0) this.#destinations.delete(brokerId)
  }
}
