/**
 * Where our answers are others than Apache Kafka's because we want them to be, or because either is right: reviewed one by one, each
 * with its reason. A scenario that parts from Apache Kafka in no other way is counted apart, and does not fail.
 */
import type { Parting } from './partings.ts'
import { type RandomKind, scenarioName } from './scenarios/random-scenarios.ts'

export interface ChosenDifference {
  readonly name: string
  readonly api: string
  /** Of the request, the first and the last. */
  readonly versions: readonly [number, number]
  /** What the request's text says; any request without it. */
  readonly asked?: RegExp
  /** What of the answer is another; `answer`: whether one comes at all. */
  readonly field: string
  /** What the answer's text says; null: no answer comes. */
  readonly kafkas: RegExp | null
  readonly ours: RegExp | null
  /** Without these the two texts are the same. */
  readonly besides?: RegExp
  readonly why: string
  /** Where it shows. These are compared every time, and not kept as what Apache Kafka answers. */
  readonly shownBy: readonly (readonly [kind: RandomKind, seed: number])[]
  /** It is in the hand of ids that brokers draw by chance, and need not show. */
  readonly isChance: boolean
}

export const CHOSEN_DIFFERENCES: readonly ChosenDifference[] = [
  {
    name: 'an earlier request of a member that asks again is answered',
    api: 'JoinGroup',
    versions: [0, 9],
    field: 'answer',
    kafkas: null,
    ours: /^\{REBALANCE_IN_PROGRESS, /,
    why: 'Kafka never answers it: a client that waits for that answer waits until its request times out (docs/spec/classic-groups.md)',
    shownBy: [
      ['classic', 1],
      ['classic', 19],
      ['classic', 21],
    ],
    isChance: false,
  },
  {
    name: 'whoever leads of those that begin a generation together',
    api: 'JoinGroup',
    versions: [0, 9],
    field: 'leader, members',
    kafkas: /leader: </,
    ours: /leader: </,
    besides: /leader: <[^>]*>|members: \[.*?\](?=\}$)|skipAssignment: (true|false)/g,
    why: 'Each takes the first of its table, which is in the order of ids that it drew; clients go by what they are told',
    shownBy: [
      ['classic', 9],
      ['classic', 1_015],
    ],
    isChance: true,
  },
  {
    name: 'a static member that did not hear that it has joined is taken',
    api: 'ConsumerGroupHeartbeat',
    versions: [0, 1],
    field: 'errorCode',
    kafkas: /^\{UNRELEASED_INSTANCE_ID, /,
    ours: /^\{memberId: /,
    why: 'It is the same process with the same ids; Kafka shuts it out until its session ends (docs/spec/consumer-groups.md)',
    shownBy: [
      ['consumer', 2],
      ['consumer', 18],
      ['consumer', 26],
      ['consumer', 38],
    ],
    isChance: false,
  },
  {
    name: 'a member that joins again with an instance id gets what was meant for it',
    api: 'ConsumerGroupHeartbeat',
    versions: [0, 1],
    asked: /memberEpoch: 0, instanceId: /,
    field: 'assignment',
    kafkas: /assignment: \{topicPartitions: \{\}\}\}$/,
    ours: /assignment: \{topicPartitions: \{.+\}\}\}$/,
    besides: /assignment: .*$/g,
    why: 'Kafka looks for the target of an instance that it does not know yet, and leaves it unread (docs/spec/consumer-groups.md)',
    shownBy: [['consumer', 3_196]],
    isChance: false,
  },
  {
    name: 'the first batch of an epoch is held to sequence 0 although the epoch before was verified for the first protocol',
    api: 'Produce',
    versions: [12, 13],
    field: 'errorCode',
    kafkas: /index: \d+, baseOffset: \d/,
    ours: /OUT_OF_ORDER_SEQUENCE_NUMBER/,
    why: 'What came before may have been lost; Kafka keeps of a verification what was for another epoch (docs/spec/transactions.md)',
    shownBy: [['transaction', 1_002]],
    isChance: false,
  },
  {
    name: 'a batch is not held to a sequence that was verified for another epoch',
    api: 'Produce',
    versions: [3, 11],
    field: 'errorCode',
    kafkas: /OUT_OF_ORDER_SEQUENCE_NUMBER/,
    ours: /index: \d+, baseOffset: \d/,
    why: 'Nothing was stored of that epoch, which its producer does not have; Kafka remembers what was asked (docs/spec/transactions.md)',
    shownBy: [['transaction', 1_053]],
    isChance: false,
  },
]

/** Names of the scenarios that show a difference. */
export const SHOWING_SCENARIOS: ReadonlySet<string> = new Set(
  CHOSEN_DIFFERENCES.flatMap(({ shownBy }) => shownBy.map(([kind, seed]) => scenarioName(kind, seed))),
)

/** The differences that say all of how a scenario parts; null when they do not. */
export function chosenOf(partings: readonly Parting[]): readonly ChosenDifference[] | null {
  const chosen = partings.map((parting) => CHOSEN_DIFFERENCES.find((difference) => saysOf(difference, parting)))
  return chosen.length > 0 && chosen.every((each) => each !== undefined) ? [...new Set(chosen)] : null
}

function saysOf({ api, versions: [first, last], asked, kafkas, ours, besides }: ChosenDifference, parting: Parting): boolean {
  if (parting.api !== api || parting.version < first || parting.version > last) return false
  if (asked !== undefined && !asked.test(parting.request)) return false
  if (!says(kafkas, parting.expected) || !says(ours, parting.found)) return false
  return besides === undefined || parting.expected?.replaceAll(besides, '') === parting.found?.replaceAll(besides, '')
}

function says(pattern: RegExp | null, text: string | null): boolean {
  return pattern === null || text === null ? pattern === text : pattern.test(text)
}
