/**
 * Moves money between accounts: each transfer is a transaction that takes from one and gives to another, in two partitions. Some
 * are taken back before they end. Together all accounts have nothing, always.
 */
import { seededRandom } from '@millrace/runtime'
import { say, workerOptions } from './process-words.ts'
import { TRANSFERS } from './topics.ts'
import { connect, transactionalProducer } from './transactional-producer.ts'

const ABORT_PROBABILITY = 0.15
const AMOUNT_MAX = 1_000
const PAUSE_MS = 5

const { brokers, index, incarnation } = workerOptions()
const random = seededRandom(index * 1_000 + incarnation)
const producer = await transactionalProducer(connect(brokers, `transfers-${index}`), `transfers-${index}`)
let isStopping = false
process.once('SIGTERM', () => (isStopping = true))

for (let number = 0; !isStopping; number += 1) {
  const id = `${index}-${incarnation}-${number}`
  const amount = 1 + (random.uint32() % AMOUNT_MAX)
  const from = random.uint32() % TRANSFERS.partitions
  const to = (from + 1 + (random.uint32() % (TRANSFERS.partitions - 1))) % TRANSFERS.partitions
  const transaction = await producer.begin()
  // One after the other: kafkajs 2.2.4 repeats what is under way to one broker, as if it were new, when another refuses its part.
  await transaction.send({ topic: TRANSFERS.name, messages: [{ partition: from, value: `${id} ${-amount}` }] })
  await transaction.send({ topic: TRANSFERS.name, messages: [{ partition: to, value: `${id} ${amount}` }] })
  if (random.uint32() / 2 ** 32 < ABORT_PROBABILITY) {
    await transaction.abort()
    say('aborted', id)
  } else {
    await transaction.commit()
    say('committed', id)
  }
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}
process.exit(0)
