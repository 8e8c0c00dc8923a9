/** The line to the coordinator of one group: found when it is needed, and anew after silence or after an answer that it is another. */
import { type ApiDefinition, type Decoded, type Encodable, ERROR_CODES, type MessageDefinition } from '@millrace/protocol'
import type { Address } from '@millrace/runtime'
import type { RandomStream } from '../../core/random-streams.ts'
import { COORDINATOR_KEYS, CoordinatorFinder } from '../wire/coordinator-finder.ts'
import { NoAnswer, type Requester } from '../wire/requester.ts'

export interface GroupLineOptions {
  readonly requester: Requester
  readonly brokers: readonly Address[]
  readonly random: RandomStream
  readonly groupId: string
  readonly clientId: string
}

export class GroupLine {
  readonly groupId: string
  readonly clientId: string
  readonly #requester: Requester
  readonly #coordinator: CoordinatorFinder
  #asked: Address | null = null

  constructor({ groupId, clientId, ...finding }: GroupLineOptions) {
    this.groupId = groupId
    this.clientId = clientId
    this.#requester = finding.requester
    this.#coordinator = new CoordinatorFinder({ ...finding, keyType: COORDINATOR_KEYS.group, key: groupId })
  }

  /** Who was asked last, by name. */
  get asked(): string | null {
    return this.#asked?.host ?? null
  }

  /** Null when nobody answers, and then nobody knows whether it was done. */
  async ask<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    body: Encodable<Req>,
    patienceMs?: number,
  ): Promise<Decoded<Res> | null> {
    try {
      this.#asked = await this.#coordinator.find()
      return await this.#requester.ask(this.#asked, api, version, body, patienceMs)
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      this.#coordinator.forget()
      return null
    }
  }

  /** Whoever is asked next is found anew if this says that it is somebody else. */
  heard(errorCode: number): void {
    const hasMoved = errorCode === ERROR_CODES.NOT_COORDINATOR || errorCode === ERROR_CODES.COORDINATOR_NOT_AVAILABLE
    if (hasMoved) this.#coordinator.forget()
  }
}
