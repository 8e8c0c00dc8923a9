/**
 * One random run of one group: a stormy part, in which anything may happen that the contracts allow, and a calm part, in which
 * the group must come to rest with everybody in the same state. Each seed has its own size, its own limits and its own
 * weather: every kind of fault is on or off, and has its own strength.
 */
import { type MembershipChange, membershipOf, type RaftLimits, type RaftNode, type RaftOptions } from '../index.ts'
import { claim, History } from './history.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { SimulatedNode, type Surroundings } from './simulated-node.ts'

export type MakeNode = (options: RaftOptions) => RaftNode

export interface RunReport {
  readonly steps: number
  readonly committedIndex: number
  readonly answeredIndex: number
  readonly terms: number
}

/** How likely each thing is to happen next, relative to the others. */
type Weather = Readonly<Record<keyof typeof ACTIONS, number>>

const CALM_ROUNDS_MAX = 400

const ACTIONS = {
  deliver: (group: RandomGroup) => group.deliver(),
  tick: (group: RandomGroup) => group.tick(),
  write: (group: RandomGroup) => group.write(),
  work: (group: RandomGroup) => group.upNode()?.work(),
  propose: (group: RandomGroup) => group.propose(),
  read: (group: RandomGroup) => group.read(),
  rush: (group: RandomGroup) => group.rush(),
  isolate: (group: RandomGroup) => group.isolate(),
  pause: (group: RandomGroup) => group.pauseLeader(),
  campaign: (group: RandomGroup) => group.upNode()?.step({ type: 'campaign-requested' }),
  crash: (group: RandomGroup) => group.crash(),
  restart: (group: RandomGroup) => group.restart(),
  part: (group: RandomGroup) => group.part(),
  heal: (group: RandomGroup) => group.network.heal(),
  snapshot: (group: RandomGroup) => group.snapshot(),
  transfer: (group: RandomGroup) => group.transfer(),
  change: (group: RandomGroup) => group.changeMembership(),
  stall: (group: RandomGroup) => group.upNode()?.step({ type: 'tick', isStalled: true }),
  unreachable: (group: RandomGroup) => group.unreachable(),
} as const

export function runSchedule(seed: number, stormSteps: number, makeNode: MakeNode): RunReport {
  const group = new RandomGroup(seed, makeNode)
  group.warmUp()
  group.storm(stormSteps)
  group.calm()
  return group.report()
}

class RandomGroup {
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly #nodes: SimulatedNode[]
  readonly #history: History
  readonly #weather: Weather
  readonly #deferral: number
  readonly #electionTicks: number
  /** Whose writes take ten times as long as those of the others, if anybody's. */
  readonly #slowDisk: string
  #proposals = 0
  #steps = 0
  /** At most one disk forgets, and once: more than that is beyond what the group survives. */
  #mayDamage: boolean
  #isCalm = false

  constructor(seed: number, makeNode: MakeNode) {
    const random = new SeededRandom(seed)
    this.random = random
    const voters = random.pick([1, 2, 3, 3, 3, 4, 5]) ?? 3
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].slice(0, voters + 2)
    const founders = membershipOf(ids.slice(0, voters))
    const sometimes = (strength: number): number => (random.chance(0.5) ? strength * ((random.below(100) + 1) / 100) : 0)
    this.network = new SimulatedNetwork(random, {
      drop: sometimes(0.2),
      duplicate: sometimes(0.2),
      reorder: sometimes(1),
      stray: sometimes(0.1),
    })
    this.#deferral = sometimes(0.5)
    this.#slowDisk = random.pick(['', ...ids]) ?? ''
    this.#mayDamage = voters >= 3 && random.chance(0.3)
    this.#history = new History(founders)
    // A group that shrinks while a member has forgotten may be left with nobody who may vote.
    this.#weather = { ...drawWeather(random, sometimes), ...(this.#mayDamage ? { change: 0 } : {}) }
    const options = drawOptions(random)
    this.#electionTicks = options.electionTicks ?? 0
    const surroundings: Surroundings = {
      history: this.#history,
      random,
      makeNode,
      options: (id) => ({ ...options, id }),
      send: (message) => this.network.send(message),
      holds: (id, index, term) => this.#holds(id, index, term),
      hasMovedOn: (id, term) => (this.#nodes.find((node) => node.id === id)?.disk.hardState.term ?? 0) > term,
      mayDefer: () => !this.#isCalm && random.chance(this.#deferral),
    }
    this.#nodes = ids.map((id) => {
      const disk = new SimulatedDisk(founders.voters.includes(id) ? founders : membershipOf([]))
      return new SimulatedNode(id, disk, random.chance(0.3), surroundings)
    })
    for (const node of this.#nodes) node.start()
  }

  report(): RunReport {
    const terms = Math.max(...this.#nodes.map(({ node }) => node?.status.term ?? 0))
    const { lastCommittedIndex, answeredIndex } = this.#history
    return { steps: this.#steps, committedIndex: lastCommittedIndex, answeredIndex, terms }
  }

  /** A young group is only ever waiting for its first leader: begin with one, and with something in the log. */
  warmUp(): void {
    for (let round = this.random.below(60); round > 0; round -= 1) {
      this.#settle()
      for (const node of this.#nodes) node.step({ type: 'tick' })
      if (this.random.chance(0.3)) this.#readyLeader()?.propose([new Uint8Array([round])])
    }
  }

  storm(steps: number): void {
    const actions = Object.entries(this.#weather)
    const total = actions.reduce((sum, [, weight]) => sum + weight, 0)
    for (let step = 0; step < steps; step += 1) {
      this.#steps += 1
      let left = (this.random.below(10_000) / 10_000) * total
      const action = actions.find(([, weight]) => (left -= weight) < 0)?.[0] ?? 'tick'
      ACTIONS[action as keyof typeof ACTIONS](this)
    }
  }

  /** No more faults, everybody up: a leader is found, something can be written, and all who belong to the group agree. */
  calm(): void {
    this.#isCalm = true
    this.network.calm()
    for (const node of this.#nodes) if (node.node === null) node.start()
    for (let round = 0; round < CALM_ROUNDS_MAX; round += 1) {
      this.#settle()
      if (this.#isAtRest()) return
      for (const node of this.#nodes) node.step({ type: 'tick' })
      const leader = this.#readyLeader()
      if (round % 8 === 0) leader?.propose([new Uint8Array([round])])
    }
    claim('liveness', false, () => `no rest after ${CALM_ROUNDS_MAX} calm rounds: ${this.#describe()}`)
  }

  deliver(): void {
    const message = this.network.take()
    if (message === undefined) return
    this.#nodes.find(({ id }) => id === message.to)?.step({ type: 'message-received', message })
  }

  upNode(): SimulatedNode | undefined {
    return this.random.pick(this.#nodes.filter(({ node }) => node !== null))
  }

  propose(): void {
    const node = this.random.chance(0.8) ? this.#anyLeader() : this.upNode()
    const count = this.random.between(1, 3)
    const data = Array.from({ length: count }, () => {
      this.#proposals += 1
      return new Uint8Array([this.#proposals & 0xff, this.#proposals >> 8])
    })
    node?.propose(data)
  }

  read(): void {
    const node = this.random.chance(0.8) ? this.#anyLeader() : this.upNode()
    node?.read()
  }

  /** Much happens before the next fault: one thing at a time would seldom let anything be finished. */
  rush(paused?: SimulatedNode): void {
    const { random } = this
    for (let count = random.between(3, 30); count > 0; count -= 1) {
      if (random.chance(0.5)) this.deliver()
      else if (random.chance(0.4)) this.write()
      else if (random.chance(0.6)) this.upNode()?.work()
      else this.tick(paused)
    }
  }

  tick(paused?: SimulatedNode): void {
    const node = this.upNode()
    if (node !== paused) node?.step({ type: 'tick' })
  }

  write(): void {
    const node = this.upNode()
    if (node?.id !== this.#slowDisk || this.random.chance(0.1)) node?.write()
  }

  /** Whoever leads is cut off, one way or both, and may not notice for a while. */
  isolate(): void {
    const leader = this.#anyLeader()
    if (leader === undefined) return
    const isDeaf = this.random.chance(0.7)
    const isMute = !isDeaf || this.random.chance(0.7)
    for (const { id } of this.#nodes) {
      if (isDeaf) this.network.cut(id, leader.id)
      if (isMute) this.network.cut(leader.id, id)
    }
  }

  /**
   * For whoever leads no time passes, but for the others: long enough for them to want another leader, and to get one. What the
   * old one is asked meanwhile is not lost on it.
   */
  pauseLeader(): void {
    const { random } = this
    const leader = this.#anyLeader()
    const isAsked = random.chance(0.5)
    const pace = random.below(4)
    for (let count = random.between(1, 3 * this.#electionTicks); count > 0; count -= 1) {
      for (const node of this.#nodes) if (node !== leader && random.chance(0.8)) node.step({ type: 'tick' })
      for (let rush = 0; rush < pace; rush += 1) this.rush(leader)
      if (!isAsked) continue
      if (random.chance(0.2)) this.#newestLeader()?.propose([new Uint8Array([count])])
      if (random.chance(0.1)) leader?.propose([new Uint8Array([count])])
      if (random.chance(0.2)) leader?.read()
    }
  }

  /** Where something is at stake: a write is under way, or something was just promised. */
  crash(): void {
    const { random } = this
    const up = this.#nodes.filter(({ node }) => node !== null)
    const writing = up.filter(({ disk }) => disk.queue.length > 0)
    const promising = this.network.sendersOf(['vote-response', 'append-accepted'])
    const staked = random.chance(0.5) ? writing : up.filter(({ id }) => promising.includes(id))
    const node = random.chance(0.8) && staked.length > 0 ? random.pick(staked) : random.pick(up)
    if (node === undefined) return
    node.crash()
    if (this.#mayDamage && random.chance(0.4)) this.#damage(node)
    if (random.chance(0.7)) node.start()
    // What a damaged disk forgot is in danger when others who knew are gone too.
    if (node.isDamaged) this.#anyLeader()?.crash()
  }

  restart(): void {
    this.random.pick(this.#nodes.filter(({ node }) => node === null))?.start()
  }

  part(): void {
    const ids = this.#nodes.map(({ id }) => id)
    if (this.random.chance(0.6)) this.network.part(ids)
    else this.network.cut(this.random.pick(ids) ?? '', this.random.pick(ids) ?? '')
  }

  snapshot(): void {
    const node = this.random.chance(0.6) ? this.#anyLeader() : this.upNode()
    node?.snapshot(this.random.chance(0.5) ? 0 : this.random.below(5))
  }

  transfer(): void {
    const to = this.random.chance(0.3) ? null : (this.random.pick(this.#nodes)?.id ?? null)
    this.#anyLeader()?.step({ type: 'transfer-requested', to, context: {} })
  }

  changeMembership(): void {
    const { random } = this
    const leader = this.#anyLeader()
    const id = random.pick(this.#nodes)?.id ?? ''
    const learner = random.pick(leader?.node?.membership.learners ?? [])
    const type = random.pick(['add-learner', 'remove'] as const) ?? 'remove'
    const change: MembershipChange = learner !== undefined && random.chance(0.5) ? { type: 'promote', id: learner } : { type, id }
    leader?.changeMembership(change)
  }

  unreachable(): void {
    this.#anyLeader()?.step({ type: 'peer-unreachable', id: this.random.pick(this.#nodes)?.id ?? '' })
  }

  /** The end of a log is gone, and the driver knows it. */
  #damage(node: SimulatedNode): void {
    const { disk } = node
    this.#mayDamage = false
    const firstKept = Math.max(disk.compacted.index, disk.snapshot.meta.index)
    if (disk.lastIndex <= firstKept) return
    disk.entries.length -= this.random.between(1, disk.lastIndex - firstKept)
    node.isDamaged = true
  }

  /** Everything that is under way arrives, is written and is done, until nothing is left. */
  #settle(): void {
    for (let count = 0; count < 20_000; count += 1) {
      const busy = this.#nodes.find((node) => !node.isIdle)
      if (busy !== undefined) {
        if (busy.disk.queue.length > 0) busy.write()
        else busy.work()
      } else if (this.network.length > 0) {
        this.deliver()
      } else {
        return
      }
    }
    claim('liveness', false, () => `no end of messages: ${this.#describe()}`)
  }

  #isAtRest(): boolean {
    const leader = this.#readyLeader()
    if (leader?.node == null) return false
    const { membership, lastLog, commitIndex } = leader.node
    if (commitIndex < lastLog.index || commitIndex <= this.#history.answeredIndex - 1) return false
    const members = [...membership.voters, ...membership.learners]
    return this.#nodes.every(({ id, node, appliedHash }) => {
      return !members.includes(id) || (node?.appliedIndex === commitIndex && appliedHash === leader.appliedHash)
    })
  }

  #anyLeader(): SimulatedNode | undefined {
    return this.random.pick(this.#nodes.filter(({ node }) => node?.status.role === 'leader'))
  }

  #readyLeader(): SimulatedNode | undefined {
    const leader = this.#newestLeader()
    return leader?.node?.status.isReady === true ? leader : undefined
  }

  #newestLeader(): SimulatedNode | undefined {
    return this.#nodes.filter(({ node }) => node?.status.role === 'leader').sort((a, b) => termOf(b) - termOf(a))[0]
  }

  #holds(id: string, index: number, term: number): boolean {
    const node = this.#nodes.find((other) => other.id === id)
    if (node === undefined) return false
    return node.isDamaged || node.disk.compacted.index >= index || node.disk.has({ index, term })
  }

  #describe(): string {
    return this.#nodes
      .map(({ id, node }) => `${id} ${JSON.stringify(node?.status)} ${node?.appliedIndex}/${node?.commitIndex}/${node?.lastLog.index}`)
      .join('; ')
  }
}

function termOf({ node }: SimulatedNode): number {
  return node?.status.term ?? 0
}

function drawWeather(random: SeededRandom, sometimes: (strength: number) => number): Weather {
  return {
    deliver: random.between(5, 20),
    tick: random.between(5, 20),
    write: random.between(1, 20),
    work: random.between(1, 20),
    rush: random.between(10, 40),
    propose: random.between(5, 30),
    read: sometimes(30),
    crash: sometimes(12),
    restart: 6,
    part: sometimes(8),
    heal: random.between(1, 5),
    isolate: sometimes(8),
    pause: sometimes(12),
    campaign: sometimes(5),
    snapshot: sometimes(12),
    transfer: sometimes(5),
    change: sometimes(12),
    stall: sometimes(4),
    unreachable: sometimes(4),
  }
}

/** Small limits, so that short runs reach them. */
function drawOptions(random: SeededRandom): Omit<RaftOptions, 'initial' | 'id'> {
  const limits: Partial<RaftLimits> = {
    entriesPerMessage: random.between(1, 4),
    bytesPerMessage: random.between(40, 400),
    inFlightMessages: random.between(1, 5),
    inFlightBytes: random.between(40, 1000),
    uncommittedBytes: random.between(200, 2000),
    bytesPerProposal: 200,
    recentBytes: random.between(1, 1000),
    bytesPerApply: random.between(1, 400),
    writesInFlight: random.between(1, 4),
    waitingReads: random.between(1, 20),
    snapshotChunkBytes: random.between(4, 20),
    snapshotChunksInFlight: random.between(1, 3),
    promotionLagEntries: random.between(1, 10),
  }
  const heartbeatTicks = random.between(1, 2)
  return { groupId: 'g', heartbeatTicks, electionTicks: heartbeatTicks + random.between(2, 8), limits, random: random.uint32 }
}
