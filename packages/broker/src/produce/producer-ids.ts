/**
 * Hands out producer ids. They are unique in the cluster and for ever, so they come from the controller, a block at a time;
 * what is left of a block when the broker stops is never used.
 */
import { ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { ControllerPort } from '@millrace/metadata'

export class ProducerIds {
  readonly #controller: ControllerPort
  readonly #broker: () => { readonly brokerId: number; readonly brokerEpoch: number }
  #next = 0
  #end = 0
  #fetching: Promise<ErrorCode> | null = null

  constructor(controller: ControllerPort, broker: () => { readonly brokerId: number; readonly brokerEpoch: number }) {
    this.#controller = controller
    this.#broker = broker
  }

  /** A fresh id, or the error that kept the controller from giving a block. Rejects when there is no controller. */
  async take(): Promise<{ readonly producerId: number } | { readonly errorCode: ErrorCode }> {
    while (this.#next >= this.#end) {
      this.#fetching ??= this.#fetchBlock().finally(() => {
        this.#fetching = null
      })
      const errorCode = await this.#fetching
      if (errorCode !== ERROR_CODES.NONE) return { errorCode }
    }
    return { producerId: this.#next++ }
  }

  async #fetchBlock(): Promise<ErrorCode> {
    const block = await this.#controller.allocateProducerIds(this.#broker())
    if (block.errorCode !== ERROR_CODES.NONE) return block.errorCode
    this.#next = block.firstProducerId
    this.#end = block.firstProducerId + block.count
    return ERROR_CODES.NONE
  }
}
