/**
 * Runs a scenario's script against a broker and writes down what it answers.
 *
 * Some requests are answered at once, some wait for what others do. With a transcript to go by, exactly the answers that it has
 * are waited for, and others must not come; without one, an answer that does not come within a moment is one that waits. Time
 * decides nothing else: requests and answers are in order because the broker has processed each one before the next is sent,
 * which questions to the same coordinator, asked after it and answered, make sure of.
 */
import {
  type ApiDefinition,
  apiVersionsApi,
  type Decoded,
  decodeResponse,
  describeGroupsApi,
  type Encodable,
  ERROR_CODES,
  type MessageDefinition,
} from '@millrace/protocol'
import { type BrokerAddress, WireConnection } from '../../integration/testing/wire-connection.ts'
import { answerText, nameMember, requestText } from './answer-text.ts'
import type { Scenario, Step } from './scenario.ts'
import type { Answer, Exchange, Transcript } from './transcript.ts'
import type { World } from './world.ts'

/** After which an answer that a transcript has counts as missing. */
const ANSWER_DEADLINE_MS = 10_000
/** Longer than what a broker does of its own accord: Apache Kafka takes some 100 ms to see that a delay of nothing is over. */
const UNEXPECTED_ANSWER_MS = 1_500
const RETRY_PAUSE_MS = 10
/** One to have the request read before the question, one to have its answer sent before that of the question. */
const BARRIER_QUESTIONS = 3

interface Call {
  readonly step: Step
  readonly number: number
  readonly done: Promise<void>
  /** Null while it waits; the text of a closed connection when there is nothing to decode. */
  outcome: { readonly answer: object } | { readonly failure: string } | null
}

export async function runScenario(
  { name, steps }: Scenario,
  address: BrokerAddress,
  world: World,
  expected: Transcript | null,
): Promise<Transcript> {
  await using connections = new Connections(address)
  const exchanges: Exchange[] = []
  let waiting: readonly Call[] = []
  for (const [index, step] of steps.entries()) {
    const request = step.request(world)
    const text = `${step.actor} ${step.api.name} ${step.version} ${requestText(world, step.actor, step.api, step.version, request)}`
    const call = await connections.call(step, index + 1, request)
    const calls = [...waiting, call]
    await answersOf(calls, expected?.exchanges[index] ?? null, connections, world)
    waiting = calls.filter(({ outcome }) => outcome === null)
    const answers = learnAll(
      calls.filter(({ outcome }) => outcome !== null),
      world,
    )
    exchanges.push({ request: text, answers })
    if (call.outcome !== null) await step.settle(world, (api, version, body) => connections.ask(api, version, body))
    if (expected !== null && !isSame(expected.exchanges[index], exchanges.at(-1))) break
  }
  return { name, exchanges }
}

/** Resolves when all the answers that come are there. */
async function answersOf(calls: readonly Call[], expected: Exchange | null, connections: Connections, world: World): Promise<void> {
  if (expected !== null) {
    const awaited = calls.filter(({ number }) => expected.answers.some(({ step }) => step === number))
    await withinMs(ANSWER_DEADLINE_MS, Promise.all(awaited.map(({ done }) => done)))
    if (awaited.length < calls.length) await connections.barrier(world)
    return
  }
  const all = Promise.all(calls.map(({ done }) => done))
  await connections.barrier(world)
  await withinMs(UNEXPECTED_ANSWER_MS, all)
  await connections.barrier(world)
}

function learnAll(calls: readonly Call[], world: World): Answer[] {
  for (const { step, outcome } of calls) {
    if (outcome === null || !('answer' in outcome)) continue
    nameMember(world, step.actor, outcome.answer)
    step.learn(world, outcome.answer)
  }
  return calls.map(({ step, number, outcome }) => ({ step: number, text: outcomeText(world, step, outcome) }))
}

function outcomeText(world: World, { actor, api, version }: Step, outcome: Call['outcome']): string {
  if (outcome === null) return 'waits'
  return 'answer' in outcome ? answerText(world, actor, api, version, outcome.answer) : outcome.failure
}

function isSame(left: Exchange | undefined, right: Exchange | undefined): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

/** Resolves in any case; late answers are not there, which shows. */
async function withinMs(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, promise])
  clearTimeout(timer)
}

/** One connection for each actor, more for one that waits, and one for the harness. */
class Connections implements AsyncDisposable {
  readonly #address: BrokerAddress
  readonly #free = new Map<string, WireConnection[]>()
  readonly #open: WireConnection[] = []
  #own: WireConnection | null = null

  constructor(address: BrokerAddress) {
    this.#address = address
  }

  /** Resolves when the request is on its way. */
  async call(step: Step, number: number, request: object): Promise<Call> {
    const connection = this.#free.get(step.actor)?.pop() ?? (await this.#connect())
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const call: Call = { step, number, done, outcome: null }
    void exchange(connection, step, request).then((outcome) => {
      call.outcome = outcome
      if ('answer' in outcome) this.#free.set(step.actor, [...(this.#free.get(step.actor) ?? []), connection])
      resolve()
    })
    return call
  }

  async ask<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    request: Encodable<Req>,
  ): Promise<Decoded<Res>> {
    this.#own ??= await this.#connect()
    return this.#own.call(api, version, request)
  }

  /** Resolves when the coordinator has processed what was sent before, and its answers are here. */
  async barrier(world: World): Promise<void> {
    for (let question = 0; question < BARRIER_QUESTIONS; question += 1) {
      await this.ask(describeGroupsApi, 0, { groups: [world.named('barrier')] })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((connection) => connection[Symbol.asyncDispose]()))
  }

  /** The broker has it, and reads from it: what is sent on it is not overtaken by what is sent on another one later. */
  async #connect(): Promise<WireConnection> {
    const connection = await WireConnection.open(this.#address)
    this.#open.push(connection)
    await connection.call(apiVersionsApi, 0, {})
    return connection
  }
}

/** Sends the request again as long as its answer says so. */
async function exchange(connection: WireConnection, { api, version, retryError }: Step, request: object) {
  const deadlineMs = performance.now() + ANSWER_DEADLINE_MS
  for (;;) {
    let answer: object
    try {
      connection.send(api, version, request as Record<string, unknown>)
      answer = decodeResponse(api, version, await connection.nextFrame()).body
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) }
    }
    if (retryError(answer) === ERROR_CODES.NONE || performance.now() > deadlineMs) return { answer }
    await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS))
  }
}
