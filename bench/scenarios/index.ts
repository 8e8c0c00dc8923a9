/** All scenarios, in the order in which they are listed. */
import type { Scenario } from '../scenario.ts'
import { catchUpFetch } from './catch-up-fetch.ts'
import { endToEnd } from './end-to-end.ts'
import { failover } from './failover.ts'
import { groupHeartbeats } from './group-heartbeats.ts'
import { latencyLone } from './latency-lone.ts'
import { offsetCommits } from './offset-commits.ts'
import { offsetsLoad } from './offsets-load.ts'
import { partitions10000 } from './partitions-10000.ts'
import { produce16k, produce256k } from './produce.ts'
import { rebalances } from './rebalances.ts'
import { replicatedThroughput } from './replicated-throughput.ts'
import { startup } from './startup.ts'
import { topics1000 } from './topics-1000.ts'
import { transactions } from './transactions.ts'

export const SCENARIOS: readonly Scenario[] = [
  produce256k,
  produce16k,
  catchUpFetch,
  latencyLone,
  endToEnd,
  startup,
  topics1000,
  partitions10000,
  failover,
  replicatedThroughput,
  offsetCommits,
  transactions,
  groupHeartbeats,
  offsetsLoad,
  rebalances,
]
