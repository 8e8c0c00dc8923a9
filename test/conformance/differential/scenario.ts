/**
 * A scenario: a short script of requests that a few actors send to one broker, in one order, written so that its answers depend on
 * nothing but that order. It is data: what a request says is worked out when its turn comes, from what earlier answers gave, and
 * everything that was not answered yet has a value too. So any part of a script can be run alone, which is how a failure shrinks.
 */
import type { ApiDefinition, Decoded, Encodable, ErrorCode, MessageDefinition } from '@millrace/protocol'
import type { World } from './world.ts'

export interface Scenario {
  /** `family: what it tries`. Unique, because what is expected is kept under it. */
  readonly name: string
  readonly topics: readonly ScenarioTopic[]
  readonly steps: readonly Step[]
}

export interface ScenarioTopic {
  readonly name: string
  readonly partitions: number
}

export interface Step {
  /** Who asks. Each actor has a connection of its own, and another one while it waits on that. */
  readonly actor: string
  readonly api: ApiDefinition
  readonly version: number
  request(world: World): object
  /** Takes over ids, generations and epochs from the answer. */
  learn(world: World, answer: object): void
  /** The error that says the request should be sent again, as a client would; `NONE` when there is none. */
  retryError(answer: object): ErrorCode
  /** Work that goes on behind the answer, and that later steps must not meet halfway. */
  settle(world: World, ask: Ask): Promise<void>
}

/** Sends a request of the harness's own, which is no part of the script. */
export type Ask = <Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  version: number,
  request: Encodable<Req>,
) => Promise<Decoded<Res>>

export interface StepInput<Req extends MessageDefinition, Res extends MessageDefinition> {
  readonly actor: string
  readonly api: ApiDefinition<Req, Res>
  readonly version: number
  request(world: World): Encodable<Req>
  learn?(world: World, answer: Decoded<Res>): void
  retryError?(answer: Decoded<Res>): number
  settle?(world: World, ask: Ask): Promise<void>
}

export function step<Req extends MessageDefinition, Res extends MessageDefinition>(input: StepInput<Req, Res>): Step {
  return {
    actor: input.actor,
    api: input.api as unknown as ApiDefinition,
    version: input.version,
    request: (world) => input.request(world),
    learn: (world, answer) => input.learn?.(world, answer as Decoded<Res>),
    retryError: (answer) => (input.retryError?.(answer as Decoded<Res>) ?? 0) as ErrorCode,
    settle: async (world, ask) => input.settle?.(world, ask),
  }
}

export function scenario(name: string, steps: readonly Step[], topics: readonly ScenarioTopic[] = []): Scenario {
  return { name, topics, steps }
}
