/**
 * Hands out producer ids. They are unique in the cluster and for ever, so they come from the controller, a block at a time;
 * what is left of a block when the broker stops is never used.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ControllerPort } from '@millrace/metadata'
import type { Logger } from '@millrace/runtime'

export class ProducerIds {
  readonly #controller: ControllerPort
  readonly #broker: () => { readonly brokerId: number; readonly brokerEpoch: number }
  readonly #logger: Logger
  #next = 0
  #end = 0
  #fetching: Promise<boolean> | null = null

  constructor(controller: ControllerPort, broker: () => { readonly brokerId: number; readonly brokerEpoch: number }, logger: Logger) {
    this.#controller = controller
    this.#broker = broker
    this.#logger = logger
  }

  /** A fresh id; null when the controller gave none, which the log explains. */
  async take(): Promise<number | null> {
    while (this.#next >= this.#end) if (!(await this.#fetch())) return null
    return this.#next++
  }

  /** A fresh id if there is one at hand. If there is none, some are fetched for the next who asks. */
  takeAtOnce(): number | null {
    if (this.#next < this.#end) return this.#next++
    void this.#fetch()
    return null
  }

  /** Resolves when there are some at hand, or when none are to be had. */
  async prepare(): Promise<void> {
    if (this.#next >= this.#end) await this.#fetch()
  }

  #fetch(): Promise<boolean> {
    this.#fetching ??= this.#fetchBlock().finally(() => {
      this.#fetching = null
    })
    return this.#fetching
  }

  /** Whether it got one. */
  async #fetchBlock(): Promise<boolean> {
    try {
      const block = await this.#controller.allocateProducerIds(this.#broker())
      if (block.errorCode === ERROR_CODES.NONE) {
        this.#next = block.firstProducerId
        this.#end = block.firstProducerId + block.count
        return true
      }
      this.#logger.warn('the controller gave no producer ids', { errorCode: block.errorCode })
    } catch (error) {
      this.#logger.warn('the controller gave no producer ids', { error })
    }
    return false
  }
}
