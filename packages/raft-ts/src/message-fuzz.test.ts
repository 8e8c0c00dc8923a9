/**
 * Messages with something wrong in them: fields that are missing, of another kind, or absurd. None of them makes a node throw but
 * for an invariant that only a peer which lies can break, and none that makes no sense changes anything.
 */
import { expect, it } from 'vitest'
import { InvariantError, type Message, RaftNode } from './index.ts'
import { SeededRandom } from './testing/seeded-random.ts'
import { drawPlan } from './testing/schedule/plan.ts'
import { runPlan } from './testing/schedule/run-plan.ts'

const SEEDS = 40
const STEPS = 100
const JUNK: readonly unknown[] = [
  undefined,
  null,
  Number.NaN,
  -1,
  0,
  1,
  0.5,
  2 ** 53,
  Infinity,
  '',
  'a',
  true,
  [],
  {},
  [null],
  new Uint8Array(2),
]

/** A leader that speaks in two voices, or takes back what it said. */
const LIES = new Set(['I1', 'I5', 'I14'])

it('what peers say never makes a node throw', () => {
  let messages = 0
  const thrown = new Set<string>()
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = new SeededRandom(seed)
    runPlan(drawPlan(seed, STEPS), (options) => {
      const node = new RaftNode(options)
      const twin = new Twin(options, random, thrown)
      const step = node.step.bind(node)
      node.step = (event) => {
        if (event.type === 'message-received') messages += twin.receive(event.message)
        step(event)
      }
      return node
    })
  }
  expect(messages).toBeGreaterThan(5000)
  expect([...thrown].filter((invariant) => !LIES.has(invariant))).toEqual([])
})

/** A node that hears what another one hears, and damaged beforehand. */
class Twin {
  readonly #options: ConstructorParameters<typeof RaftNode>[0]
  readonly #random: SeededRandom
  readonly #thrown: Set<string>
  #node: RaftNode

  constructor(options: ConstructorParameters<typeof RaftNode>[0], random: SeededRandom, thrown: Set<string>) {
    this.#options = { ...options, random: () => 0 }
    this.#random = random
    this.#thrown = thrown
    this.#node = new RaftNode(this.#options)
  }

  receive(message: Message): number {
    for (const heard of [damaged(message, this.#random), message]) {
      try {
        this.#node.step({ type: 'message-received', message: heard as Message })
        for (const effect of this.#node.drain()) if (effect.type === 'persist') this.#node.step({ type: 'persisted', seq: effect.seq })
      } catch (error) {
        this.#thrown.add(error instanceof InvariantError ? error.invariant : String(error))
        this.#node = new RaftNode(this.#options)
      }
    }
    return 1
  }
}

/** One field of it, or of something in it, is replaced or gone. */
function damaged(value: unknown, random: SeededRandom): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return random.pick(JUNK)
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>
  const key = random.pick(Object.keys(copy))
  if (key === undefined) return random.pick(JUNK)
  const inner = copy[key]
  if (typeof inner === 'object' && inner !== null && random.chance(0.7)) copy[key] = damaged(inner, random)
  else if (random.chance(0.2)) delete copy[key]
  else copy[key] = random.pick(JUNK)
  return copy
}
