/** All planted bugs. */
import { DURABILITY_BUGS } from './durability.ts'
import { ELECTION_BUGS } from './elections.ts'
import { MEMBERSHIP_BUGS } from './membership.ts'
import type { PlantedBug } from './planted-bug.ts'
import { READ_BUGS } from './reads.ts'
import { REPLICATION_BUGS } from './replication.ts'
import { SNAPSHOT_BUGS } from './snapshots.ts'

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...DURABILITY_BUGS,
  ...ELECTION_BUGS,
  ...REPLICATION_BUGS,
  ...MEMBERSHIP_BUGS,
  ...SNAPSHOT_BUGS,
  ...READ_BUGS,
]
