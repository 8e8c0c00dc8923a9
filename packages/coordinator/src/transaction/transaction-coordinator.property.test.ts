/**
 * Two producers that share a transactional id, of either protocol, whose answers get lost, under coordinators that come and go and lose
 * what was not committed. Whatever happens: what a producer was told is true, no transaction is torn, and every one that is ended becomes
 * complete. The scene adds T1 to T8 of docs/spec/transactions.md, step by step.
 */
import { ERROR_CODES } from '@millrace/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeTransactionRecord } from '../records/transaction-record.ts'
import { FIRST_PROTOCOL, type Producer, type Protocol, SECOND_PROTOCOL, TransactionScene } from '../testing/transaction-scene.ts'
import type { MarkerOutcome } from './events.ts'
import { isIdle, type Transaction } from './state.ts'

/** What becomes of a step: all is well; its answer is lost; or the coordinator dies before the step is committed. */
type Fate = 'heard' | 'answer lost' | 'not committed'

type Action =
  | { readonly type: 'begin'; readonly who: number; readonly fate: Fate }
  | { readonly type: 'go on'; readonly who: number; readonly fate: Fate }
  | { readonly type: 'add'; readonly who: number; readonly partition: number; readonly fate: Fate }
  | { readonly type: 'end'; readonly who: number; readonly result: 'commit' | 'abort'; readonly fate: Fate }
  | { readonly type: 'markers'; readonly outcome: MarkerOutcome['outcome'] }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'restart' }

const who = fc.nat({ max: 1 })
const fate = fc.constantFrom<Fate>('heard', 'heard', 'heard', 'answer lost', 'not committed')
const outcome = fc.constantFrom(ERROR_CODES.NONE, ERROR_CODES.NONE, ERROR_CODES.NOT_LEADER_OR_FOLLOWER, 'deleted' as const)

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constant('begin' as const), who, fate }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('go on' as const), who, fate }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('add' as const), who, partition: fc.nat({ max: 3 }), fate }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('end' as const), who, result: fc.constantFrom('commit', 'abort'), fate }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('markers' as const), outcome }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(1, 100, 30_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
)

/** A transaction as the log tells it. */
interface Told {
  readonly partitions: Set<number>
  result: 'commit' | 'abort' | null
}

function transactionsIn(scene: TransactionScene): readonly Told[] {
  const all: Told[] = []
  let before: Transaction | null = null
  for (const { key, value } of scene.log) {
    const record = decodeTransactionRecord(key, value)
    const transaction: Transaction | null = record.type === 'transaction' ? record.transaction : null
    if (transaction === null) continue
    if (transaction.state === 'Ongoing' && (before === null || isIdle(before))) all.push({ partitions: new Set(), result: null })
    const current = all.at(-1)
    if (transaction.state === 'Ongoing') {
      for (const { partitions } of transaction.partitions) partitions.forEach((partition) => current?.partitions.add(partition))
    } else if (current !== undefined && before?.state === 'Ongoing') {
      current.result = transaction.state === 'PrepareCommit' || transaction.state === 'CompleteCommit' ? 'commit' : 'abort'
    }
    before = transaction
  }
  return all
}

/** What a producer believes, and was told. */
class Client {
  readonly protocol: Protocol
  producer: Producer | null = null
  /** Since its last end: the transaction, and what it was told to be part of it. */
  transaction = -1
  readonly added = new Set<number>()
  /** What it asked for without hearing what became of it. It asks for nothing else before it knows, nor does it add to what may be over. */
  unheardEnd: 'commit' | 'abort' | null = null
  readonly promises: { readonly transaction: number; readonly partitions: readonly number[]; readonly result: 'commit' | 'abort' }[] = []

  constructor(protocol: Protocol) {
    this.protocol = protocol
  }

  begin(producer: Producer): void {
    this.producer = { producerId: producer.producerId, producerEpoch: producer.producerEpoch }
    this.forget()
  }

  forget(): void {
    this.transaction = -1
    this.added.clear()
    this.unheardEnd = null
  }
}

function run(actions: readonly Action[], protocols: readonly Protocol[], firstEpoch: number): void {
  const found: Transaction = {
    producerId: 70,
    producerEpoch: firstEpoch,
    previousProducerId: 70,
    nextProducerId: -1,
    timeoutMs: 20_000,
    state: 'CompleteAbort',
    partitions: [],
    startMs: 990_000,
    updateMs: 990_000,
    transactionVersion: 2,
  }
  const scene = new TransactionScene(SECOND_PROTOCOL, {}, found)
  const clients = protocols.map((protocol) => new Client(protocol))
  for (const each of actions) act(scene, clients, each)
  settle(scene)
  const told = transactionsIn(scene)
  for (const { transaction, partitions, result } of clients.flatMap(({ promises }) => promises)) {
    expect(told[transaction]?.result).toBe(result)
    if (result === 'commit') for (const partition of partitions) expect(told[transaction]?.partitions).toContain(partition)
  }
}

function act(scene: TransactionScene, clients: readonly Client[], each: Action): void {
  if (each.type === 'markers') return void scene.answerMarkers(each.outcome)
  if (each.type === 'pass') return scene.pass(each.ms)
  if (each.type === 'restart') return scene.restart()
  const client = clients[each.who] as Client
  const committed = scene.log.length
  const heard = ask(scene, client, each)
  if (each.fate === 'not committed') scene.restart(committed)
  else if (each.fate === 'heard') heard()
}

/** Sends the request; gives what the producer makes of the answer. */
function ask(scene: TransactionScene, client: Client, each: Extract<Action, { readonly who: number }>): () => void {
  const { protocol, producer } = client
  if (each.type === 'begin' || producer === null) {
    const answer = scene.init(undefined, { version: protocol.init })
    return () => answer.errorCode === ERROR_CODES.NONE && client.begin(answer)
  }
  if (each.type === 'go on') {
    const answer = scene.init(producer, { version: protocol.init })
    return () => answer.errorCode === ERROR_CODES.NONE && client.begin(answer)
  }
  if (each.type === 'add' && client.unheardEnd === null) {
    const code = scene.add(producer, [{ topic: 'orders', partitions: [each.partition] }], { version: protocol.add })
    const transaction = transactionsIn(scene).length - 1
    return () => {
      if (code !== ERROR_CODES.NONE) return
      // While a producer believes to be in a transaction, it is the same one.
      if (client.transaction >= 0) expect(transaction).toBe(client.transaction)
      client.transaction = transaction
      client.added.add(each.partition)
    }
  }
  const result = client.unheardEnd ?? (each.type === 'end' ? each.result : 'abort')
  client.unheardEnd = result
  const answer = scene.end(producer, result, { version: protocol.end })
  return () => {
    if (answer.errorCode !== ERROR_CODES.CONCURRENT_TRANSACTIONS) client.unheardEnd = null
    if (answer.errorCode !== ERROR_CODES.NONE) return
    const { transaction } = client
    if (transaction >= 0) client.promises.push({ transaction, partitions: [...client.added], result })
    if (answer.producerId >= 0 && protocol === SECOND_PROTOCOL) client.begin(answer)
    client.forget()
  }
}

/** Everybody answers at last, and whatever was left open takes too long. */
function settle(scene: TransactionScene): void {
  for (let round = 0; round < 10; round++) {
    scene.answerMarkers()
    scene.pass(31_000)
  }
  const transaction = scene.transaction()
  expect(transaction === null || isIdle(transaction)).toBe(true)
}

const protocolsOfBoth = fc.constantFrom(
  [FIRST_PROTOCOL, FIRST_PROTOCOL],
  [SECOND_PROTOCOL, SECOND_PROTOCOL],
  [FIRST_PROTOCOL, SECOND_PROTOCOL],
)
/** Some begin where the epochs of a producer id are about to be used up. */
const firstEpoch = fc.constantFrom(5, 32_755, 32_762, 32_765, 32_766)

it('what producers are told is true, whatever is lost', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), protocolsOfBoth, firstEpoch, (actions, protocols, epoch) =>
      run(actions, protocols, epoch),
    ),
    { numRuns: 500 },
  )
}, 60_000)
