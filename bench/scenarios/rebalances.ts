/**
 * How long members of groups wait for their partitions: the first of a classic group, and two of a consumer group (KIP-848) when the
 * second comes. The members do what clients do: they come back when the broker told them to, and at once when something changed.
 */
import { type Caller, openCaller } from '../load/caller.ts'
import { awaitCoordinator, type Beat, beat, join, sync } from '../load/group-calls.ts'
import type { Measure } from '../report/scoreboard.ts'
import { type Bench, killAll, pause, type Running, type Scenario, startAll } from '../scenario.ts'

const TOPIC = { name: 'consumed', partitions: 8 }
const GROUPS = 5
const DEADLINE_MS = 60_000

const JOIN: Measure = { name: 'classic: the first member has its assignment', unit: 'ms', maxValue: 100 }
const FIRST: Measure = { name: 'KIP-848: the first member has its assignment', unit: 'ms' }
const SECOND: Measure = { name: 'KIP-848: two members share it after the second came', unit: 'ms', maxValue: 1_000 }

export const rebalances: Scenario = {
  name: 'rebalances',
  title: 'A group is joined: from the request to the assignment. Both brokers with their defaults.',
  defaultRuns: 1,
  async run(bench) {
    const running = await startAll(bench)
    for (const one of running) await measure(bench, one, bench.isQuick ? 1 : GROUPS)
    await killAll(running)
  },
}

async function measure(bench: Bench, { contender, broker, admin }: Running, groups: number): Promise<void> {
  await admin.createTopics([TOPIC])
  await admin.awaitLeaders([TOPIC])
  const [left, right] = [await openCaller(broker.port), await openCaller(broker.port)]
  // The first group of all also waits for the coordinators' topic and, of Kafka, for code that was never run.
  for (let group = -1; group < groups; group += 1) {
    const isCounted = group >= 0
    const classic = await timed(() => joinAlone(left, `classic-${group}`))
    const consumer = new ConsumerMember(left, `consumer-${group}`, 'left')
    await awaitCoordinator(left, `consumer-${group}`, 'group')
    const first = await timed(() => consumer.until(TOPIC.partitions))
    const newcomer = new ConsumerMember(right, `consumer-${group}`, 'right')
    const second = await timed(() => Promise.all([consumer.until(TOPIC.partitions / 2), newcomer.until(TOPIC.partitions / 2)]))
    if (!isCounted) continue
    bench.add(JOIN, contender, classic)
    bench.add(FIRST, contender, first)
    bench.add(SECOND, contender, second)
  }
  for (const caller of [left, right]) caller.close()
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

async function joinAlone(caller: Caller, groupId: string): Promise<void> {
  await awaitCoordinator(caller, groupId, 'group')
  const member = await join(caller, groupId, TOPIC.name)
  await sync(caller, member, [member.memberId])
}

class ConsumerMember {
  readonly #caller: Caller
  readonly #identity: { readonly groupId: string; readonly memberId: string }
  #memberEpoch = 0
  #owned: NonNullable<Beat['assigned']> = []
  #nextBeatMs = 0

  constructor(caller: Caller, groupId: string, memberId: string) {
    this.#caller = caller
    this.#identity = { groupId, memberId }
  }

  /** Goes on until it owns this many partitions, and the broker knows. */
  async until(partitions: number): Promise<void> {
    const deadlineMs = performance.now() + DEADLINE_MS
    for (;;) {
      await pause(Math.max(0, this.#nextBeatMs - performance.now()))
      const joining = this.#memberEpoch === 0 ? { topic: TOPIC.name } : {}
      const owned = this.#owned
      const answer = await beat(this.#caller, { ...this.#identity, ...joining, memberEpoch: this.#memberEpoch, owned })
      this.#memberEpoch = answer.memberEpoch
      if (answer.assigned !== null) this.#owned = answer.assigned
      const isNews = answer.assigned !== null && JSON.stringify(answer.assigned) !== JSON.stringify(owned)
      this.#nextBeatMs = performance.now() + (isNews ? 0 : answer.heartbeatIntervalMs)
      if (this.#owned.reduce((sum, each) => sum + each.partitions.length, 0) === partitions && !isNews) return
      if (performance.now() > deadlineMs) throw new Error(`${this.#identity.memberId} does not get its ${partitions} partitions`)
    }
  }
}
