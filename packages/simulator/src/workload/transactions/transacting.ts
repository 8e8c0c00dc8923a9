/**
 * A client that writes in transactions: a few records to any partitions, then a commit or an abort. Two of them may share a transactional
 * id, and shut each other out all the time; now and then one takes longer than it said it would, does not know that it was shut out, or
 * asks for the end and is gone. Some have an id that nobody else comes with and are gone for good in the middle, so that only the
 * coordinator can end their transaction.
 */
import type { Address, Runtime } from '@millrace/runtime'
import type { RandomStream } from '../../core/random-streams.ts'
import type { World } from '../../world/world.ts'
import { Requester } from '../wire/requester.ts'
import type { SentTransaction, TransactionHistory } from './transaction-history.ts'
import { PATIENCE_MS, Refused, type TransactionProtocol, WireProducer } from './wire-producer.ts'

export interface TransactingOptions {
  readonly world: World
  readonly name: string
  readonly runtime: Runtime
  readonly brokers: readonly Address[]
  readonly topic: string
  readonly partitions: number
  readonly transactionalId: string
  readonly random: RandomStream
  readonly history: TransactionHistory
  readonly onAcknowledged: (partition: number, offset: number, value: string) => void
  readonly isOver: () => boolean
}

const TIMEOUT_MS = 3_000
const AGAIN_AFTER_MS = 200
const RECORDS_MAX = 4
/** How often one takes its time before the end. */
const THINKS = 0.3
const THINKING_MS_MAX = 300
/** How often one does not wait for the end that it asked for, and how soon the next one with its id may come. */
const LEAVES = 0.15
const LEFT_MS_MAX = 30
/** How many of the producers are gone for good in their first transaction. */
const ABANDONS = 0.1
/** How often one waits for somebody else to write with its id before it asks for the end, and for how long at most. */
const OUTSTAYS = 0.15
const OUTSTAYING_MS_MAX = 1_500
const OUTSTAYING_LOOK_MS = 3
/** How often one that does not hear of the end for so long gives up, rather than ask again. */
const GIVES_UP = 0.3
const GIVING_UP_MS = 100
const PROTOCOLS: readonly TransactionProtocol[] = ['first', 'second']

export async function transact(options: TransactingOptions): Promise<void> {
  const { world, name, runtime, brokers, topic, transactionalId, random, isOver } = options
  const requester = new Requester(runtime, name)
  const protocol = random.pick(PROTOCOLS)
  const sleep = (ms: number): Promise<void> => world.sleep(ms)
  const abandoning = world.streams.stream(`abandoned transactions ${name}`)
  let number = 0
  while (!isOver()) {
    const isGoneSoon = abandoning.chance(ABANDONS)
    const producer = new WireProducer({
      runtime,
      requester,
      brokers,
      random,
      transactionalId: isGoneSoon ? `${name} ${number}` : transactionalId,
      protocol,
      topic,
      timeoutMs: TIMEOUT_MS,
      sleep,
    })
    const hasBegun = await producer.begin().then(() => true, notIfRefused)
    if (hasBegun && isGoneSoon) await abandonTransaction(producer, number++, options)
    else while (hasBegun && !isOver() && (await runTransaction(producer, number++, options))) await sleep(random.within(0, 60))
    await sleep(random.within(0, 2 * AGAIN_AFTER_MS))
  }
  requester.close()
}

/** Whether the producer can go on. */
async function runTransaction(producer: WireProducer, number: number, options: TransactingOptions): Promise<boolean> {
  const { world, name, random, history } = options
  const transaction = history.begin(name, number)
  const isWritten = await write(producer, transaction, options).then(() => true, notIfRefused)
  // Meanwhile another may come with the same id.
  if (isWritten && random.chance(THINKS)) await world.sleep(random.within(0, THINKING_MS_MAX))
  if (isWritten && random.chance(0.02)) await world.sleep(2 * TIMEOUT_MS)
  if (isWritten && random.chance(OUTSTAYS)) await outstay(transaction, options)
  const wanted = isWritten && random.chance(0.7) ? 'commit' : 'abort'
  transaction.outcome = wanted === 'commit' ? 'maybe' : 'aborted'
  if (isWritten && random.chance(LEAVES)) {
    producer.leave(wanted)
    world.sometimes('a producer left before it heard how its transaction ended')
    await world.sleep(random.within(0, LEFT_MS_MAX))
    return false
  }
  const end = await producer.end(wanted, random.chance(GIVES_UP) ? GIVING_UP_MS : PATIENCE_MS)
  if (wanted === 'commit' && end !== 'maybe') transaction.outcome = end === 'committed' ? 'committed' : 'aborted'
  world.sometimes(`a transaction is ${transaction.outcome}`)
  return isWritten && (end === 'committed' || end === 'aborted')
}

async function abandonTransaction(producer: WireProducer, number: number, options: TransactingOptions): Promise<void> {
  const { world, name, history } = options
  const transaction = history.begin(name, number)
  transaction.outcome = 'aborted'
  const isWritten = await write(producer, transaction, options).then(() => true, notIfRefused)
  if (isWritten) world.sometimes('a producer is gone for good in its transaction')
}

/** Until somebody else has written with the id: whoever asks for the end then was shut out, and does not know it. */
async function outstay(transaction: SentTransaction, { world, name, transactionalId, history, isOver }: TransactingOptions): Promise<void> {
  if (transactionalId === name) return
  for (let waitedMs = 0; waitedMs < OUTSTAYING_MS_MAX && !isOver(); waitedMs += OUTSTAYING_LOOK_MS) {
    if (history.isFollowed(transaction)) return world.sometimes('a producer asks for the end when another has its id')
    await world.sleep(OUTSTAYING_LOOK_MS)
  }
}

async function write(producer: WireProducer, transaction: SentTransaction, options: TransactingOptions): Promise<void> {
  const { world, random, history, partitions, onAcknowledged } = options
  for (let count = random.between(1, RECORDS_MAX); count > 0; count--) {
    const record = history.append(transaction, random.below(partitions), world.scheduler.nowMs)
    const offset = await producer.append(record.partition, record.value)
    record.outcome = 'acknowledged'
    record.offset = offset
    onAcknowledged(record.partition, offset, record.value)
  }
}

function notIfRefused(error: unknown): boolean {
  if (error instanceof Refused) return false
  throw error
}
