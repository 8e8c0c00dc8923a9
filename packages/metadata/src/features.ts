/**
 * The features whose levels a cluster agrees on, so that old and new builds can be in one cluster: what a level brings is used
 * only when every node can. Ours, and those of Apache Kafka that are true of us; a feature that we do not have is not here.
 */
import type { SupportedFeature } from './records/metadata-record.ts'

export interface FeatureDefinition extends SupportedFeature {
  /** The lowest level that can be gone back to without losing metadata. */
  readonly losslessDownTo: number
}

/** Producers ask for it by name, and speak the second protocol from level 2 on. */
export const TRANSACTION_VERSION = 'transaction.version'

export const FEATURES: readonly FeatureDefinition[] = [
  // Replicas outside the ISR that are safe as leaders are kept and told (KIP-966).
  { name: 'eligible.leader.replicas.version', minLevel: 1, maxLevel: 1, losslessDownTo: 1 },
  // 1: what is written about transactions may have tagged fields; 2: every end of a transaction raises its producer's epoch (KIP-890).
  { name: TRANSACTION_VERSION, minLevel: 0, maxLevel: 2, losslessDownTo: 0 },
  // What metadata records there are, and what they mean.
  { name: 'millrace.version', minLevel: 1, maxLevel: 1, losslessDownTo: 1 },
]

/** What a node of this build says that it supports. */
export const SUPPORTED_FEATURES: readonly SupportedFeature[] = FEATURES.map(({ name, minLevel, maxLevel }) => ({
  name,
  minLevel,
  maxLevel,
}))
