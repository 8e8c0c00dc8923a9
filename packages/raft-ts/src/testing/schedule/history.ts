/**
 * What has happened in a whole group, seen from outside, and the claims it is held against after every step. It knows nothing of
 * how a node comes to its decisions.
 */
import { type Entry, isVoter, type Membership, type RaftNode, type SnapshotMeta } from '../../index.ts'
import { fingerprint } from './hash-machine.ts'

/** A claim did not hold. The name is the invariant's, or that of what was promised to clients. */
export class Violation extends Error {
  readonly claim: string

  constructor(claim: string, message: string) {
    super(`${claim}: ${message}`)
    this.name = 'Violation'
    this.claim = claim
  }
}

export function claim(name: string, holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new Violation(name, message())
}

interface CommittedEntry {
  readonly term: number
}

/** Above any term that a test reaches. */
const TERMS_MAX = 2 ** 20

export class History {
  readonly #leaders = new Map<number, string>()
  readonly #entries = new Map<number, { readonly print: number; readonly previousTerm: number; readonly entry: Entry }>()
  readonly #committed: (CommittedEntry | undefined)[] = []
  readonly #states = new Map<number, number>()
  /** Those that are committed, in the order in which that became known. */
  readonly #memberships: { readonly index: number; readonly membership: Membership }[]
  /** The highest index that some client has been answered with. */
  answeredIndex = 0

  constructor(founders: Membership) {
    this.#memberships = [{ index: 0, membership: founders }]
  }

  get lastCommittedIndex(): number {
    return Math.max(0, this.#committed.length - 1)
  }

  /** The one that was committed last. */
  get membership(): Membership {
    return this.#membershipAt(Infinity)
  }

  /** Whether these were the voters of some committed membership. */
  wasInForce(voters: readonly string[]): boolean {
    return this.#memberships.some(({ membership }) => membership.voters.join() === voters.join())
  }

  /** I1, I8. */
  leads(id: string, node: RaftNode): void {
    const { term } = node.status
    const other = this.#leaders.get(term)
    if (other === id) return
    claim('I1', other === undefined, () => `${id} and ${other} lead in term ${term}`)
    this.#leaders.set(term, id)
    this.#committed.forEach((entry, index) => {
      const own = node.termAt(index)
      const isHeld = entry === undefined || own === entry.term || (own === undefined && index <= node.commitIndex)
      claim('I8', isHeld, () => `${id} leads in term ${term} with term ${own} at ${index}, where ${entry?.term} is committed`)
    })
  }

  /** I6: log matching. The same index and term are the same entry, and follow the same term. */
  durable(entry: Entry, previousTerm: number): void {
    const key = entry.index * TERMS_MAX + entry.term
    const known = this.#entries.get(key)
    const print = fingerprint(entry)
    if (known === undefined) {
      this.#entries.set(key, { print, previousTerm, entry })
      return
    }
    const isSame = known.print === print && known.previousTerm === previousTerm
    claim('I6', isSame, () => `two entries ${entry.term}/${entry.index}, after terms ${known.previousTerm} and ${previousTerm}`)
  }

  /** What one node knows to be committed, all others know the same way. */
  commits(id: string, node: RaftNode, fromIndex: number): void {
    for (let index = fromIndex + 1; index <= node.commitIndex; index += 1) {
      const term = node.termAt(index)
      if (term === undefined) continue
      const known = this.#committed[index]
      claim(
        'commit',
        known === undefined || known.term === term,
        () => `${id} commits ${term}/${index}, and ${known?.term} was committed there`,
      )
      const entry = this.#entries.get(index * TERMS_MAX + term)?.entry
      this.#committed[index] = { term }
      if (known === undefined && entry?.type === 'membership') this.#memberships.push({ index, membership: entry.membership })
    }
  }

  /** I7, asked of a leader that has just committed. */
  durableOnQuorum(id: string, node: RaftNode, holds: (voter: string, index: number, term: number) => boolean): void {
    const { voters } = node.membership
    const index = node.commitIndex
    const term = node.termAt(index)
    if (term === undefined) return
    const holders = voters.filter((voter) => holds(voter, index, term))
    claim(
      'I7',
      holders.length * 2 > voters.length,
      () => `${id} commits ${term}/${index}, durable on [${holders.join()}] of [${voters.join()}]`,
    )
  }

  /** I17: equal indexes, equal states. */
  reaches(id: string, index: number, hash: number): void {
    const known = this.#states.get(index)
    claim('I17', known === undefined || known === hash, () => `${id} has another state at ${index} than others had`)
    this.#states.set(index, hash)
  }

  /** I16: the membership of a snapshot is that of the committed log. */
  snapshot(id: string, { index, membership }: SnapshotMeta): void {
    const committed = this.#membershipAt(index)
    const isSame = committed.voters.join() === membership.voters.join() && committed.learners.join() === membership.learners.join()
    claim(
      'I16',
      isSame,
      () => `${id} stores [${membership.voters.join()}] with snapshot ${index}, where [${committed.voters.join()}] is committed`,
    )
  }

  /** A client was answered: it sees no less than anybody was told before it asked. */
  answers(kind: 'write' | 'read', index: number, answeredBefore: number): void {
    const isLinearizable = kind === 'write' ? index > answeredBefore : index >= answeredBefore
    claim('linearizable', isLinearizable, () => `a ${kind} is answered with ${index}, and ${answeredBefore} was known before it was asked`)
    this.answeredIndex = Math.max(this.answeredIndex, index)
  }

  /** I12. */
  campaigns(id: string, node: RaftNode): void {
    const mayLead = isVoter(node.membership, id) || isVoter(this.membership, id) || node.commitIndex < this.lastCommittedIndex
    claim('I12', mayLead, () => `${id} campaigns and is no voter`)
  }

  #membershipAt(index: number): Membership {
    const known = this.#memberships.filter((entry) => entry.index <= index)
    return known.reduce((last, entry) => (entry.index > last.index ? entry : last)).membership
  }
}
