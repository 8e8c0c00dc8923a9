/** All scenarios, by the file in which their transcripts are kept. */
import { SHOWING_SCENARIOS } from '../chosen-differences.ts'
import type { Scenario } from '../scenario.ts'
import { CLASSIC_JOIN } from './classic-join.ts'
import { CLASSIC_MEMBERSHIP } from './classic-membership.ts'
import { CONSUMER_GROUPS } from './consumer-groups.ts'
import { GROUP_CONFIGS } from './group-configs.ts'
import { GROUPS } from './groups.ts'
import { MIGRATION } from './migration.ts'
import { OFFSETS } from './offsets.ts'
import { RANDOM_KINDS, type RandomKind, randomScenario } from './random-scenarios.ts'
import { STATIC_MEMBERS } from './static-members.ts'
import { TRANSACTIONAL_RECORDS } from './transactional-records.ts'
import { TRANSACTIONS } from './transactions.ts'

/** Seeds of each kind, from 0 on. */
const RANDOM_SEEDS = 40

export const FAMILIES: Readonly<Record<string, readonly Scenario[]>> = {
  'classic-join': CLASSIC_JOIN,
  'classic-membership': CLASSIC_MEMBERSHIP,
  'static-members': STATIC_MEMBERS,
  offsets: OFFSETS,
  groups: GROUPS,
  'group-configs': GROUP_CONFIGS,
  'consumer-groups': CONSUMER_GROUPS,
  migration: MIGRATION,
  transactions: TRANSACTIONS,
  'transactional-records': TRANSACTIONAL_RECORDS,
  ...Object.fromEntries(RANDOM_KINDS.map((kind) => [`random-${kind}`, byChance(kind)])),
}

function byChance(kind: RandomKind): readonly Scenario[] {
  return Array.from({ length: RANDOM_SEEDS }, (_, seed) => randomScenario(kind, seed)).filter(({ name }) => !SHOWING_SCENARIOS.has(name))
}
