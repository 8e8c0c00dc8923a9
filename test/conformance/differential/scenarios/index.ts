/** All scenarios, by the file in which their transcripts are kept. */
import type { Scenario } from '../scenario.ts'
import { CLASSIC_JOIN } from './classic-join.ts'
import { CLASSIC_MEMBERSHIP } from './classic-membership.ts'
import { CONSUMER_GROUPS } from './consumer-groups.ts'
import { GROUPS } from './groups.ts'
import { MIGRATION } from './migration.ts'
import { OFFSETS } from './offsets.ts'
import { RANDOM_KINDS, type RandomKind, randomScenario } from './random-scenarios.ts'
import { STATIC_MEMBERS } from './static-members.ts'
import { TRANSACTIONAL_RECORDS } from './transactional-records.ts'
import { TRANSACTIONS } from './transactions.ts'

/** Seeds of each kind, from 0 on. */
const RANDOM_SEEDS = 40
/** There the leader of three members leaves, and who leads from then on is decided by the hashes of their ids. */
const LEFT_OUT: readonly string[] = ['random classic: seed 9']

export const FAMILIES: Readonly<Record<string, readonly Scenario[]>> = {
  'classic-join': CLASSIC_JOIN,
  'classic-membership': CLASSIC_MEMBERSHIP,
  'static-members': STATIC_MEMBERS,
  offsets: OFFSETS,
  groups: GROUPS,
  'consumer-groups': CONSUMER_GROUPS,
  migration: MIGRATION,
  transactions: TRANSACTIONS,
  'transactional-records': TRANSACTIONAL_RECORDS,
  ...Object.fromEntries(RANDOM_KINDS.map((kind) => [`random-${kind}`, byChance(kind)])),
}

function byChance(kind: RandomKind): readonly Scenario[] {
  return Array.from({ length: RANDOM_SEEDS }, (_, seed) => randomScenario(kind, seed)).filter(({ name }) => !LEFT_OUT.includes(name))
}
