/**
 * A broker's line to the active controller: opened where a heartbeat was answered, so that the broker learns at once when that
 * controller is gone, and the controller when the broker is, and how far it has applied the metadata. There is one at a time, and
 * none to a controller of this node.
 */
import type { MetadataFeed } from '@millrace/metadata'
import type { Clock } from '@millrace/runtime'
import type { ControllerService, Line } from './controller-service.ts'
import type { ControllerEndpoint } from './metadata-fetch.ts'

/** A line that ends sooner says nothing: the next heartbeat opens another, and must not be provoked by this one's end. */
const SHORT_MS = 1_000

export interface LineTarget {
  readonly service: ControllerService
  /** Null: this node's own. */
  readonly endpoint: ControllerEndpoint | null
}

interface Holder {
  readonly brokerId: number
  readonly brokerEpoch: number
}

interface OpenLine {
  readonly service: ControllerService
  readonly brokerEpoch: number
  /** Null while it is being opened. */
  line: Line | null
}

export interface BrokerLineOptions {
  /** This node's metadata. */
  readonly feed: MetadataFeed
  readonly clock: Pick<Clock, 'monotonic' | 'defer'>
  readonly onLost: (endpoint: ControllerEndpoint) => void
}

export class BrokerLine {
  readonly #options: BrokerLineOptions
  readonly #unsubscribe: () => void
  #open: OpenLine | null = null
  #isReporting = false

  constructor(options: BrokerLineOptions) {
    this.#options = options
    this.#unsubscribe = options.feed.subscribe(() => this.#reportLater())
  }

  keep({ service, endpoint }: LineTarget, { brokerId, brokerEpoch }: Holder): void {
    if (endpoint === null) {
      this.hangUp()
      return
    }
    if (this.#open?.service === service && this.#open.brokerEpoch === brokerEpoch) return
    this.hangUp()
    const { clock, onLost } = this.#options
    const openedAtMs = clock.monotonic()
    const open: OpenLine = { service, brokerEpoch, line: null }
    this.#open = open
    const onClosed = (): void => {
      if (this.#open !== open) return
      this.#open = null
      if (clock.monotonic() - openedAtMs >= SHORT_MS) onLost(endpoint)
    }
    open.line = service.attend({ brokerId, brokerEpoch, onClosed })
    this.#reportLater()
  }

  hangUp(reason: 'done' | 'lost' = 'done'): void {
    this.#open?.line?.hangUp(reason)
    this.#open = null
  }

  close(reason: 'done' | 'lost'): void {
    this.#unsubscribe()
    this.hangUp(reason)
  }

  /** When the turn is over, so that everybody here has applied what is reported, and once for many batches. */
  #reportLater(): void {
    if (this.#isReporting || this.#open === null) return
    this.#isReporting = true
    this.#options.clock.defer(() => {
      this.#isReporting = false
      this.#open?.line?.applied(this.#options.feed.image().offset)
    })
  }
}
