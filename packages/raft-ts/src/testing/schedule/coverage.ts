/**
 * What the schedules reach: which faults met whom, and how often states were seen that are rare and matter. A search that never
 * gets somewhere proves nothing about it.
 */
export const RARE_STATES = [
  'a log is cut back',
  'a log is cut back while it is being written',
  'a write completes after its entries were replaced',
  'a write is torn by a crash',
  'a snapshot takes the place of a log',
  'a snapshot takes the place of a longer log',
  'a snapshot arrives before the one before it is restored',
  'a snapshot arrives damaged',
  'a snapshot is gone before it is sent',
  'entries are read from disk for a follower',
  'entries are read from disk to be applied',
  'a follower has to go back more than a term',
  'a window is full',
  'an entry of an older term is committed by a later leader',
  'a leader gives up for want of answers',
  'a leader hands over what its disk holds up',
  'a leader hands over after its removal',
  'an election is lost',
  'an election in its own term is called off by a leader',
  'a vote is refused because a leader is heard',
  'a transfer brings a new leader',
  'a server that the group has removed asks for votes',
  'a learner gives a vote',
  'a learner becomes a voter',
  'a membership is taken back',
  'a leader is not in its own membership',
  'a node notices a loss by itself',
  'a node that had lost entries has recovered',
  'a node that recovers crashes again',
  'a read is answered',
  'a read is refused because the lead was lost',
  'proposals find no room',
  'a proposal is lost',
  'a follower hears of a commit alone',
] as const

export type RareState = (typeof RARE_STATES)[number]

const ROLES = ['leader', 'candidate', 'pre-candidate', 'follower', 'learner', 'recovering', 'failed', 'down'] as const

export class Coverage {
  readonly #rare = new Map<string, number>()
  /** Fault, then role. */
  readonly #faults = new Map<string, Map<string, number>>()
  readonly #refusals = new Map<string, number>()

  sometimes(state: RareState): void {
    count(this.#rare, state)
  }

  refused(reason: string): void {
    count(this.#refusals, reason)
  }

  fault(name: string, role: string): void {
    const roles = this.#faults.get(name) ?? new Map<string, number>()
    this.#faults.set(name, roles)
    count(roles, role)
  }

  add(other: Coverage): void {
    for (const [state, times] of other.#rare) count(this.#rare, state, times)
    for (const [reason, times] of other.#refusals) count(this.#refusals, reason, times)
    for (const [name, roles] of other.#faults) {
      const own = this.#faults.get(name) ?? new Map<string, number>()
      this.#faults.set(name, own)
      for (const [role, times] of roles) count(own, role, times)
    }
  }

  hits(state: RareState): number {
    return this.#rare.get(state) ?? 0
  }

  get unseen(): readonly RareState[] {
    return RARE_STATES.filter((state) => this.hits(state) === 0)
  }

  /** Two tables for people. */
  describe(): string {
    const width = 1 + Math.max(...[...this.#faults.keys()].map((name) => name.length), 0)
    const row = (name: string, cells: readonly (string | number)[]): string =>
      `  ${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(14)).join('')}`
    const faults = [...this.#faults].toSorted(([one], [other]) => (one < other ? -1 : 1))
    const rare = RARE_STATES.map((state) => `  ${String(this.hits(state)).padStart(9)}  ${state}`)
    const refusals = [...this.#refusals].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([reason, times]) => `${reason} ${times}`)
    return [
      'faults, by whom they met',
      row('', ROLES),
      ...faults.map(([name, roles]) =>
        row(
          name,
          ROLES.map((role) => roles.get(role) ?? 0),
        ),
      ),
      'states that are rare',
      ...rare,
      `refusals: ${refusals.join(', ')}`,
    ].join('\n')
  }
}

function count(counts: Map<string, number>, key: string, times = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + times)
}
