/** What members cost who only say that they are still there: a thousand groups of three, each member every three seconds. */
import { type Caller, openCaller } from '../load/caller.ts'
import { awaitCoordinator, countMembers, heartbeat, join, type Membership, sync } from '../load/group-calls.ts'
import type { Measure } from '../report/scoreboard.ts'
import { type Bench, costOf, eachRun, pause, type Running, type Scenario } from '../scenario.ts'

const MEMBERS = 3
const INTERVAL_MS = 3_000
const TOPIC = { name: 'consumed', partitions: MEMBERS }
/** Groups are formed one after the other in each lane, for a member that waits for others occupies its connection. */
const LANES = 100
const POLL_MS = 5

const CPU: Measure = { name: 'CPU, of one core', unit: '%', maxRatio: 1, maxValue: 5 }
const MEMORY: Measure = { name: 'memory more with these groups, resident', unit: 'MiB' }

export const groupHeartbeats: Scenario = {
  name: 'group-heartbeats',
  title: '1,000 groups of three members, each of which sends a heartbeat every three seconds; nothing else happens.',
  defaultRuns: 3,
  async run(bench) {
    const groups = bench.isQuick ? 100 : 1_000
    await eachRun(bench, async (running) => {
      for (const one of running) await measure(bench, one, groups, bench.isQuick ? 2 : 10)
    })
  },
}

async function measure(bench: Bench, { contender, broker, admin }: Running, groups: number, rounds: number): Promise<void> {
  await admin.createTopics([TOPIC])
  await admin.awaitLeaders([TOPIC])
  const memoryBefore = broker.memoryUse().rssBytes
  const lanes = await Promise.all(Array.from({ length: LANES }, (_, lane) => formGroups(broker.port, lane, groups)))
  bench.add(MEMORY, contender, (broker.memoryUse().rssBytes - memoryBefore) / 1024 ** 2)
  // One round before it counts: what was cold is warm.
  for (const isCounted of [false, true]) {
    const beat = (): Promise<unknown> => Promise.all(lanes.map((members) => beatFor(members, isCounted ? rounds : 1)))
    const { cpuSeconds, wallSeconds } = await costOf(broker, beat)
    if (isCounted) bench.add(CPU, contender, (cpuSeconds / wallSeconds) * 100)
  }
  for (const { caller } of lanes.flat()) caller.close()
}

type Member = { readonly caller: Caller; readonly memberships: Membership[] }

/** Each lane has a connection for each member of its groups. */
async function formGroups(port: number, lane: number, groups: number): Promise<readonly Member[]> {
  const members = await Promise.all(
    Array.from({ length: MEMBERS }, async (): Promise<Member> => ({ caller: await openCaller(port), memberships: [] })),
  )
  for (let number = lane; number < groups; number += LANES) {
    const memberships = await formGroup(members, `group-${number}`)
    for (const [index, { memberships: all }] of members.entries()) all.push(memberships[index] as Membership)
  }
  return members
}

/** The first member leads; it is alone until the others have come, and then they all begin anew together. */
async function formGroup(members: readonly Member[], groupId: string): Promise<readonly Membership[]> {
  const [leader, ...followers] = members.map(({ caller }) => caller) as [Caller, ...Caller[]]
  await awaitCoordinator(leader, groupId, 'group')
  const alone = await join(leader, groupId, TOPIC.name)
  const joining = followers.map((caller) => join(caller, groupId, TOPIC.name))
  while ((await countMembers(leader, groupId)) < members.length) await pause(POLL_MS)
  const memberships = await Promise.all([join(leader, groupId, TOPIC.name, alone.memberId), ...joining])
  const assignees = memberships.map(({ memberId }) => memberId)
  await Promise.all(members.map(({ caller }, index) => sync(caller, memberships[index] as Membership, caller === leader ? assignees : [])))
  return memberships
}

/** A heartbeat of each member in each interval, spread over it. */
async function beatFor(members: readonly Member[], rounds: number): Promise<void> {
  const beats = members.flatMap(({ caller, memberships }) => memberships.map((membership) => ({ caller, membership })))
  const startMs = performance.now()
  for (let count = 0; count < rounds * beats.length; count += 1) {
    const { caller, membership } = beats[count % beats.length] as (typeof beats)[number]
    const dueMs = startMs + (count * INTERVAL_MS) / beats.length
    if (dueMs > performance.now()) await pause(dueMs - performance.now())
    await heartbeat(caller, membership)
  }
}
