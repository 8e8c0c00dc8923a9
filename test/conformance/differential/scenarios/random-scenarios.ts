/**
 * Scenarios by chance, from a seed: what nobody thought of writing down. Steps are drawn without knowing how the broker will take
 * them; what they say depends on what was answered before, so most of them make sense, and some are late, early or mistaken.
 */
import { seededRandom } from '@millrace/runtime'
import { heartbeat, join, leave, STRANGER, subscription, sync } from '../actions/classic.ts'
import { beat, enter, exit } from '../actions/consumer.ts'
import { deleteGroups, describeConsumerGroups, describeGroups, listGroups } from '../actions/groups.ts'
import { commit, deleteOffsets, fetchOffsets } from '../actions/offsets.ts'
import { produce, read } from '../actions/records.ts'
import {
  addOffsets,
  addPartitions,
  commitInTransaction,
  describeTransactions,
  endTransaction,
  initProducer,
} from '../actions/transactions.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'

export const RANDOM_KINDS = ['classic', 'consumer', 'transaction'] as const
export type RandomKind = (typeof RANDOM_KINDS)[number]

const STEPS = 14
const TOPICS: Readonly<Record<RandomKind, readonly { readonly name: string; readonly partitions: number }[]>> = {
  classic: [{ name: 't', partitions: 2 }],
  consumer: [{ name: 't', partitions: 12 }],
  transaction: [{ name: 't', partitions: 2 }],
}

export function randomScenario(kind: RandomKind, seed: number): Scenario {
  const draw = new Draw(seed)
  const next = { classic: classicStep, consumer: consumerStep, transaction: transactionStep }[kind]
  return scenario(
    scenarioName(kind, seed),
    Array.from({ length: STEPS }, () => next(draw)),
    TOPICS[kind],
  )
}

export function scenarioName(kind: RandomKind, seed: number): string {
  return `random ${kind}: seed ${seed}`
}

class Draw {
  readonly #random: ReturnType<typeof seededRandom>

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  below(limit: number): number {
    return this.#random.uint32() % limit
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** By weight. */
  step(choices: readonly (readonly [weight: number, make: () => Step])[]): Step {
    let at = this.below(choices.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, make] of choices) {
      if (at < weight) return make()
      at -= weight
    }
    throw new RangeError('no step has any weight')
  }

  version(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** What is said of one's own epoch: mostly the truth. */
  offset(): number {
    return this.of([0, 0, 0, 0, 0, 0, 0, -1, 1])
  }
}

function classicStep(draw: Draw): Step {
  const actor = draw.of(['a', 'b', 'c'])
  // C is a static member, and sometimes another process that claims to be it.
  const isStatic = actor === 'c' && draw.below(4) > 0
  const as = isStatic ? draw.of(['c', 'c', 'c2']) : actor
  const instance = isStatic ? { instance: 'i' } : {}
  const metadata = draw.of(['one', 'one', 'one', 'two'])
  const identity = { ...instance, generationOffset: draw.offset(), ...(draw.below(12) === 0 ? { memberId: STRANGER } : {}) }
  return draw.step([
    [
      8,
      () =>
        join(as, {
          version: draw.version(isStatic ? 5 : 0, 9),
          protocols: [['range', (world) => subscription(world, [metadata === 'one' ? 't' : 'u'])]],
          ...instance,
        }),
    ],
    [6, () => sync(as, { version: draw.version(isStatic ? 3 : 0, 5), assigns: { a: 'for a', b: 'for b', c: 'for c' }, ...identity })],
    [4, () => heartbeat(as, { version: draw.version(isStatic ? 3 : 0, 4), ...identity })],
    [1, () => leave(as, { version: draw.version(3, 5), ...instance })],
    [2, () => commit(as, { version: draw.version(isStatic ? 7 : 2, 9), offsets: [{ offset: draw.below(100) }], ...identity })],
    [1, () => commit(as, { isSimple: true, offsets: [{ partition: 1, offset: draw.below(100) }] })],
    [1, () => fetchOffsets(as, { version: draw.version(2, 9), partitions: null })],
    [1, () => describeGroups(['g'], draw.version(0, 6))],
    [1, () => draw.of([listGroups(), deleteGroups(), deleteOffsets('admin')])],
  ])
}

function consumerStep(draw: Draw): Step {
  const actor = draw.of(['a', 'b', 'c'])
  const isStatic = actor === 'c' && draw.below(4) > 0
  const as = isStatic ? draw.of(['c', 'c', 'c2']) : actor
  const instance = isStatic ? { instance: 'i' } : {}
  const epochOffset = draw.offset()
  return draw.step([
    [4, () => enter(as, ['t'], instance)],
    [8, () => beat(as, { owns: 'all', epochOffset, ...instance })],
    [3, () => beat(as, { epochOffset, ...instance })],
    [1, () => beat(as, { owns: 'none', epochOffset, ...instance })],
    [1, () => exit(as, instance)],
    [1, () => beat(as, { epoch: -1, ...instance })],
    [2, () => commit(as, { version: draw.version(8, 10), memberEpoch: (world) => world.consumer(as).memberEpoch + epochOffset })],
    [1, () => fetchOffsets(as, { version: 9, partitions: null, member: (world) => world.consumer(as) })],
    [2, () => describeConsumerGroups(['g'], draw.version(0, 1))],
    [1, () => draw.of([listGroups(), deleteGroups(), describeGroups(['g'], 6)])],
  ])
}

function transactionStep(draw: Draw): Step {
  const actor = draw.of(['a', 'a', 'b'])
  const epochOffset = draw.offset()
  const isSecondVersion = draw.below(2) === 0
  const partition = draw.below(2)
  return draw.step([
    [3, () => initProducer(actor, { version: draw.version(0, 5) })],
    [1, () => initProducer(actor, { version: draw.version(3, 5), isBump: true, epochOffset })],
    [4, () => addPartitions(actor, [['t', partition]], { version: draw.version(0, 3), epochOffset })],
    [
      6,
      () =>
        produce(actor, [`${draw.below(1_000)}`], {
          version: isSecondVersion ? draw.version(12, 13) : draw.version(3, 11),
          partition,
          epochOffset,
        }),
    ],
    [1, () => addOffsets(actor, { version: draw.version(0, 4), epochOffset })],
    [2, () => commitInTransaction(actor, { version: draw.version(0, 5), epochOffset, offsets: [{ offset: draw.below(100) }] })],
    [5, () => endTransaction(actor, draw.of(['commit', 'commit', 'abort']), { version: draw.version(0, 5), epochOffset })],
    [2, () => describeTransactions()],
    [1, () => fetchOffsets(actor, { partitions: null, requireStable: draw.below(2) === 0 })],
    [3, () => read(actor, draw.of(['read_committed', 'read_uncommitted']), 't', partition)],
  ])
}
