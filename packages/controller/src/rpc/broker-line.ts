/**
 * A broker's line to the active controller: opened where a heartbeat was answered, so that the broker learns at once when that
 * controller is gone, and the controller when the broker is. There is one at a time, and none to a controller of this node.
 */
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

export class BrokerLine {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #onLost: (endpoint: ControllerEndpoint) => void
  #open: OpenLine | null = null

  constructor(clock: Pick<Clock, 'monotonic'>, onLost: (endpoint: ControllerEndpoint) => void) {
    this.#clock = clock
    this.#onLost = onLost
  }

  keep({ service, endpoint }: LineTarget, { brokerId, brokerEpoch }: Holder): void {
    if (endpoint === null) {
      this.hangUp()
      return
    }
    if (this.#open?.service === service && this.#open.brokerEpoch === brokerEpoch) return
    this.hangUp()
    const openedAtMs = this.#clock.monotonic()
    const open: OpenLine = { service, brokerEpoch, line: null }
    this.#open = open
    const onClosed = (): void => {
      if (this.#open !== open) return
      this.#open = null
      if (this.#clock.monotonic() - openedAtMs >= SHORT_MS) this.#onLost(endpoint)
    }
    open.line = service.attend({ brokerId, brokerEpoch, onClosed })
  }

  hangUp(): void {
    this.#open?.line?.hangUp('done')
    this.#open = null
  }
}
