/** The group that a schedule plays with: its nodes, those that are gone for good, and what can be asked about all of them at once. */
import {
  changeMembership,
  isMember,
  type Membership,
  type MembershipChange,
  membershipOf,
  type RaftLimits,
  type RaftNode,
  type RaftOptions,
} from '../../index.ts'
import { SeededRandom } from '../seeded-random.ts'
import type { Coverage } from './coverage.ts'
import { claim, History } from './history.ts'
import { SERVERS, type Setup } from './plan.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { SimulatedNode, type Surroundings } from './simulated-node.ts'
import type { Trace } from './trace.ts'

export type MakeNode = (options: RaftOptions) => RaftNode

/** Servers that nobody knows at first: they can be added. */
const SPARES = 2
const SETTLE_STEPS_MAX = 20_000
const LETTER_A = 97

export class RandomGroup {
  readonly setup: Setup
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly history: History
  readonly coverage: Coverage
  readonly trace: Trace
  /** Those whose disk still exists, whether they are up or not. */
  readonly nodes: SimulatedNode[]
  /** Those whose disk is gone: they never come back under that id. */
  readonly gone: SimulatedNode[] = []
  readonly #surroundings: Surroundings
  /** At most one disk forgets, and once: more than that is beyond what the group survives. */
  mayDamage: boolean
  isCalm = false
  ticks = 0

  constructor(seed: number, setup: Setup, around: { readonly makeNode: MakeNode; readonly coverage: Coverage; readonly trace: Trace }) {
    const { coverage, trace } = around
    const random = new SeededRandom(seed)
    const founders = membershipOf(SERVERS.slice(0, setup.voters))
    this.setup = setup
    this.random = random
    this.coverage = coverage
    this.trace = trace
    this.network = new SimulatedNetwork(random, setup.network)
    this.history = new History(founders)
    this.mayDamage = setup.loss === 'damage'
    this.#surroundings = {
      ...around,
      history: this.history,
      random,
      options: (id, life) => this.#optionsOf(seed, id, life),
      send: (message) => this.network.send(message),
      holds: (id, index, term) => this.#holds(id, index, term),
      hasMovedOn: (id, term) => (this.#anywhere(id)?.disk.hardState.term ?? 0) > term,
      mayDefer: () => !this.isCalm && random.chance(setup.deferral),
      snapshotEvery: setup.snapshotEvery,
      limitsOf: (id) => this.#limitsOf(id),
    }
    this.nodes = SERVERS.slice(0, setup.voters + SPARES).map((id) =>
      this.#make(id, founders.voters.includes(id) ? founders : membershipOf([])),
    )
    for (const node of this.nodes) node.start()
  }

  upNode(): SimulatedNode | undefined {
    return this.random.pick(this.nodes.filter(({ node }) => node !== null))
  }

  anyLeader(): SimulatedNode | undefined {
    return this.random.pick(this.nodes.filter(({ node }) => node?.status.role === 'leader'))
  }

  newestLeader(): SimulatedNode | undefined {
    return this.nodes.filter(({ node }) => node?.status.role === 'leader').sort((a, b) => termOf(b) - termOf(a))[0]
  }

  readyLeader(): SimulatedNode | undefined {
    const leader = this.newestLeader()
    return leader?.node?.status.isReady === true ? leader : undefined
  }

  deliver(): void {
    const message = this.network.take()
    if (message !== undefined) this.nodes.find(({ id }) => id === message.to)?.step({ type: 'message-received', message })
  }

  /** Time passes for one node; with leases for everybody. */
  tick(node: SimulatedNode | undefined): void {
    if (this.setup.leaseReads) this.tickAll()
    else this.#tick(node)
  }

  tickAll(): void {
    for (const node of this.nodes) this.#tick(node)
  }

  /** Everything that is under way arrives, is written and is done, until nothing is left. */
  settle(): void {
    for (let count = 0; count < SETTLE_STEPS_MAX; count += 1) {
      const busy = this.nodes.find((node) => !node.isIdle)
      if (busy !== undefined) {
        if (busy.disk.queue.length > 0) busy.write()
        else busy.work()
      } else if (this.network.length > 0) {
        this.deliver()
      } else {
        return
      }
    }
    claim('liveness', false, () => `no end of messages: ${this.describe()}`)
  }

  /** Whether everybody who belongs to the group, and still exists, is in the state of a leader that has committed all it has. */
  isAtRest(): boolean {
    const leader = this.readyLeader()
    if (leader?.node == null) return false
    const { membership, lastLog, commitIndex } = leader.node
    if (commitIndex < lastLog.index || commitIndex < this.history.answeredIndex) return false
    const members = [...membership.voters, ...membership.learners]
    return this.nodes.every(({ id, node, appliedHash }) => {
      return !members.includes(id) || (node?.appliedIndex === commitIndex && appliedHash === leader.appliedHash)
    })
  }

  /**
   * Whether some quorum is left by every membership that anybody may still act by, if this one were gone too. One that has
   * lost entries does not count: it may not vote before it has them again.
   */
  survivesWithout(
    without: string | null,
    change: { readonly leader: SimulatedNode; readonly change: MembershipChange } | null = null,
  ): boolean {
    const changed = change?.leader.node == null ? '' : changeMembership(change.leader.node.membership, change.change)
    const known = [...this.nodes.flatMap((node) => node.memberships()), ...this.network.memberships()]
    const memberships = typeof changed === 'string' ? known : [...known, changed]
    return memberships.every((membership) => this.#isQuorumLeft(membership, without))
  }

  /**
   * Whether all who belong to the group go by the same voters, those that are committed. While they do not, losing the leader for
   * good that is changing them may leave nobody who can win: a learner that has its last entries refuses its vote to others, may not
   * lead, and counts for some. The specification says so.
   */
  isSettled(): boolean {
    const { membership } = this.history
    const inForce = membership.voters.join()
    const members = this.nodes.filter(({ id }) => isMember(membership, id))
    const isKnown = members.every((node) => node.memberships().every(({ voters }) => voters.join() === inForce))
    return isKnown && this.network.memberships().every(({ voters }) => this.history.wasInForce(voters))
  }

  /** Its disk is gone. In its place comes a server with an empty one, which is somebody else. */
  wipe(node: SimulatedNode): void {
    node.crash()
    this.nodes.splice(this.nodes.indexOf(node), 1)
    this.gone.push(node)
    const next = String.fromCharCode(LETTER_A + this.nodes.length + this.gone.length)
    const id = this.setup.loss === 'amnesia' ? node.id : next
    const successor = this.#make(id, membershipOf([]))
    this.nodes.push(successor)
    successor.start()
  }

  describe(): string {
    return this.nodes
      .map(({ id, node }) => `${id} ${JSON.stringify(node?.status)} ${node?.appliedIndex}/${node?.commitIndex}/${node?.lastLog.index}`)
      .join('; ')
  }

  #tick(node: SimulatedNode | undefined): void {
    this.ticks += 1
    node?.step({ type: 'tick' })
  }

  #make(id: string, membership: Membership): SimulatedNode {
    return new SimulatedNode(id, new SimulatedDisk(membership), this.setup.keepers.includes(id), this.#surroundings)
  }

  /** Each life of each node has a chance of its own. */
  #optionsOf(seed: number, id: string, life: number): Omit<RaftOptions, 'initial'> {
    const { heartbeatTicks, electionTicks, leaseReads } = this.setup
    const limits = this.#limitsOf(id)
    const random = new SeededRandom(seed + id.charCodeAt(0) * 7919 + life * 104_729).uint32
    return { groupId: 'g', id, heartbeatTicks, electionTicks, leaseReads, limits, random }
  }

  #limitsOf(id: string): Partial<RaftLimits> {
    const { limits, otherLimits } = this.setup
    return id.charCodeAt(0) % 2 === 0 ? (otherLimits ?? limits) : limits
  }

  #isQuorumLeft({ voters }: Membership, without: string | null): boolean {
    const left = this.nodes.filter((node) => node.id !== without && !node.mayNotVote && voters.includes(node.id))
    return voters.length === 0 || left.length * 2 > voters.length
  }

  #holds(id: string, index: number, term: number): boolean {
    const node = this.#anywhere(id)
    if (node === undefined) return false
    return node.isDamaged || node.disk.compacted.index >= index || node.disk.has({ index, term })
  }

  #anywhere(id: string): SimulatedNode | undefined {
    return this.nodes.find((node) => node.id === id) ?? this.gone.find((node) => node.id === id)
  }
}

function termOf({ node }: SimulatedNode): number {
  return node?.status.term ?? 0
}
