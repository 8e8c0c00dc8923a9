/**
 * A transactional producer as programs have it today: kafkajs, unchanged. Whatever goes wrong ends the process, and the next one
 * begins by ending what this one left open. So nothing here is tried twice.
 */
import kafkajs, { type Kafka, type Transaction } from 'kafkajs'

/** Not long after a producer is gone, its transaction ends even if nobody takes its place. */
const TRANSACTION_TIMEOUT_MS = 15_000
const RETRIES = 20
const RETRY_PAUSE_MS = 50
const RETRY_PAUSE_MS_MAX = 1_000

export function connect(brokers: string, clientId: string): Kafka {
  return new kafkajs.Kafka({
    clientId,
    brokers: brokers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: RETRIES, initialRetryTime: RETRY_PAUSE_MS, maxRetryTime: RETRY_PAUSE_MS_MAX },
  })
}

export interface TransactionalProducer {
  /** Begins a transaction; the one before must have ended. */
  begin(): Promise<Transaction>
}

/**
 * Resolves when whoever had this transactional id before is fenced, and what it left open is ended. kafkajs does that with the first
 * transaction, not when it connects; so the first is begun here.
 */
export async function transactionalProducer(kafka: Kafka, transactionalId: string): Promise<TransactionalProducer> {
  const producer = kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  let next: Transaction | null = await producer.transaction()
  return {
    async begin() {
      const transaction = next ?? (await producer.transaction())
      next = null
      return transaction
    },
  }
}
