/** What the machines of a run are called, in the trace and in faults, and where they are. */
import { uuidFromBytes } from '@millrace/protocol'
import type { InitialController } from '@millrace/server'
import { CONTROLLER_PORT } from '../world/running-node.ts'

/** What producers write to. */
export const TOPIC = 'orders'
/** What coordinators of transactions write to. */
export const TRANSACTION_STATE = '__transaction_state'

interface Counts {
  readonly nodes: number
  readonly idempotentProducers: number
  readonly plainProducers: number
  readonly consumers: number
  readonly admins: number
  readonly transactionalProducers: number
  readonly overtakingProducers: number
  readonly members: number
}

export function nodeNames({ nodes }: Pick<Counts, 'nodes'>): readonly string[] {
  return numbered('node', nodes)
}

export function clientNames(counts: Counts): readonly string[] {
  const { idempotentProducers, plainProducers, consumers, admins, transactionalProducers, overtakingProducers, members } = counts
  return [
    ...numbered('producer', idempotentProducers),
    ...numbered('plain', plainProducers),
    ...numbered('consumer', consumers),
    ...numbered('admin', admins),
    ...numbered('transactor', transactionalProducers),
    ...numbered('auditor', Math.min(1, transactionalProducers)),
    ...numbered('overtaker', overtakingProducers),
    ...numbered('member', members),
  ]
}

export function numbered(word: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${word}-${index + 1}`)
}

export function addressOf(nodeId: number): string {
  return `10.0.0.${nodeId}`
}

export function voter(nodeId: number): InitialController {
  return { nodeId, host: addressOf(nodeId), port: CONTROLLER_PORT, directoryId: uuidFromBytes(new Uint8Array(16).fill(nodeId)) }
}
