/**
 * Faults and rare states that so many runs must have met. A search that never got there shows nothing about them, and without this
 * nobody would notice when a change of the product or of the plans keeps it away.
 */
import type { TallyRecord } from './tally.ts'

interface Requirement {
  /** Fewer runs need not have met everything. */
  readonly runs: number
  /** Each met somebody. */
  readonly faults: readonly string[]
  readonly states: readonly string[]
}

/** What happens in every profile of several nodes. */
const SEVERAL_NODES = [
  'crash',
  'power',
  'blackout',
  'wipe',
  'pause',
  'clock-jump',
  'isolate both',
  'isolate in',
  'isolate out',
  'cut',
  'clog',
  'reset',
  'late-calls',
  'disk-stall',
  'disk-full',
  'sync-error',
]

/** What takes several things that go wrong in one order, once in some hundred runs. */
const RARE: Requirement = {
  runs: 1_500,
  faults: ['wipe-joining'],
  states: ['stored records are damaged', 'a damaged replica was removed, to be fetched anew'],
}

const REQUIREMENTS: Readonly<Record<string, readonly Requirement[]>> = {
  single: [
    {
      runs: 200,
      faults: ['crash', 'power', 'blackout', 'pause', 'clock-jump', 'disk-full', 'read-error', 'write-error', 'sync-error', 'disk-stall'],
      states: [
        'a crash left an unfinished write; the log ends before it',
        'the log directory failed and is offline until the broker is restarted',
        'a batch of an idempotent producer overtook another',
      ],
    },
  ],
  cluster: [
    {
      runs: 200,
      faults: [
        ...SEVERAL_NODES,
        'crash at write',
        'crash at sync',
        'power at write',
        'power at sync',
        'repeated-calls',
        'silence-joining',
        'crash while undecided',
        'bit-rot',
        'record-rot',
        'read-error',
        'write-error',
      ],
      states: [
        'a partition has no leader',
        'a replica is eligible that is not in sync',
        'an eligible replica is elected',
        'whoever led last leads, and recovers',
        'two brokers believe that they lead a partition',
        'a leader does not know which ISR is in force',
        'a producer is gone for good in its transaction',
        'a replica has more than its leader',
        'a crash left an unfinished write; the log ends before it',
        'a metadata snapshot was saved',
        'a metadata snapshot was fetched',
        'broker fenced itself: it serves nothing until it hears from the controller again',
        'broker tells the controller that its disk failed',
        'metadata cannot be stored for want of room; it is tried again until there is some',
        'metadata was not committed',
        'the controller refused a change of the ISR',
        'a controller whose disk was replaced votes again',
        'the leader epochs are lost or damaged; they are read from the batches',
        'a batch of an idempotent producer overtook another',
        'a transaction is committed',
        'a transaction is aborted',
        'a transaction is maybe',
      ],
    },
    RARE,
  ],
  groups: [
    {
      runs: 200,
      faults: SEVERAL_NODES,
      states: [
        'a classic group lost its coordinator while members joined',
        'a classic group lost its coordinator while members waited for partitions',
        'a member of a classic group is not known any more',
        'a member of a classic group missed a generation',
        'a member of a consumer group has to let go',
        'a member of a consumer group was fenced',
        'a static member was replaced',
        'a static member came back before it was missed',
        'a member is dynamic: eager',
        'a member is static: eager',
        'a member is dynamic: cooperative',
        'a member is static: cooperative',
        'a member is dynamic: consumer',
        'a member is static: consumer',
        'a member stayed, and its coordinator is another one',
        'a classic group became a consumer group, and a member stayed',
        'a consumer group became a classic group, and a member stayed',
        'a copy was made',
        'a copy was given up',
        'offsets in a transaction were given up',
      ],
    },
  ],
}

/** What is missing, a line each; nothing as long as there were too few runs to tell. */
export function missingStates({ profile, runs, hits, reached }: TallyRecord): readonly string[] {
  const required = (REQUIREMENTS[profile] ?? []).filter((each) => runs >= each.runs)
  const met = new Set(Object.keys(hits).map((key) => key.split(': ')[0]))
  return [
    ...required
      .flatMap(({ faults }) => faults)
      .filter((fault) => !met.has(fault))
      .map((fault) => `no run of ${runs} met the fault "${fault}"`),
    ...required
      .flatMap(({ states }) => states)
      .filter((state) => reached[state] === undefined)
      .map((state) => `no run of ${runs} reached the state "${state}"`),
  ]
}
