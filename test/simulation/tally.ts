/**
 * Adds up what many runs had in common: speed, which faults met whom, and the rare states that were reached. Tallies of several
 * commands over one stretch of seeds are added up in a file.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Outcome } from '@millrace/simulator'

type Counts = Readonly<Record<string, number>>

/** A tally as plain data. */
export interface TallyRecord {
  readonly profile: string
  readonly commits: readonly string[]
  readonly firstSeed: number
  readonly lastSeed: number
  readonly runs: number
  readonly violations: readonly string[]
  readonly simulatedMs: number
  readonly wallMs: number
  readonly events: number
  readonly acknowledged: number
  /** By `kind: role`. */
  readonly hits: Counts
  /** By name. */
  readonly reached: Counts
}

export class Tally {
  #record: TallyRecord

  constructor(profile: string, commit: string) {
    const nothing = { runs: 0, simulatedMs: 0, wallMs: 0, events: 0, acknowledged: 0 }
    const noSeed = { firstSeed: Number.POSITIVE_INFINITY, lastSeed: Number.NEGATIVE_INFINITY }
    this.#record = { profile, commits: [commit], ...noSeed, ...nothing, violations: [], hits: {}, reached: {} }
  }

  get record(): TallyRecord {
    return this.#record
  }

  get runs(): number {
    return this.#record.runs
  }

  add(seed: number, outcome: Outcome, wallMs: number): void {
    const { violation, simulatedMs, events, acknowledged, hits, reached } = outcome
    this.#record = sum(this.#record, {
      ...this.#record,
      firstSeed: seed,
      lastSeed: seed,
      runs: 1,
      violations: violation === null ? [] : [`seed ${seed}: ${violation.rule}: ${violation.message.split('\n')[0]}`],
      simulatedMs,
      wallMs,
      events,
      acknowledged,
      hits: Object.fromEntries(hits),
      reached: Object.fromEntries(reached),
    })
  }

  /** What was added up in that file before counts as well, and all of it is there afterwards. */
  addUpIn(path: string): void {
    if (existsSync(path)) this.#record = sum(JSON.parse(readFileSync(path, 'utf8')) as TallyRecord, this.#record)
    writeFileSync(path, `${JSON.stringify(this.#record, null, 2)}\n`)
  }

  line(): string {
    const { runs, simulatedMs, wallMs, events, acknowledged } = this.#record
    const speed = (simulatedMs / wallMs).toFixed(0)
    const work = `${events} events, ${acknowledged} records acknowledged`
    return `${runs} runs, ${(simulatedMs / 1000).toFixed(0)} simulated seconds, ${speed} a second, ${work}`
  }

  /** Kinds of faults by the roles they met, then the rare states. */
  tables(): string {
    const { kinds, roles, countOf } = faultTable(this.#record)
    const head = `${'fault'.padEnd(24)}${roles.map((role) => role.padStart(18)).join('')}\n`
    const rows = kinds.map((kind) => `${kind.padEnd(24)}${roles.map((role) => String(countOf(kind, role)).padStart(18)).join('')}\n`)
    const states = sorted(Object.entries(this.#record.reached)).map(([name, count]) => `sometimes: ${name}: ${count}\n`)
    return (kinds.length === 0 ? '' : head) + rows.join('') + states.join('')
  }
}

export interface FaultTable {
  readonly kinds: readonly string[]
  readonly roles: readonly string[]
  readonly countOf: (kind: string, role: string) => number
}

export function faultTable({ hits }: Pick<TallyRecord, 'hits'>): FaultTable {
  const names = Object.keys(hits).map((key) => key.split(': '))
  const kinds = [...new Set(names.map(([kind = '']) => kind))].toSorted()
  const roles = [...new Set(names.map(([, role = '']) => role))].toSorted()
  return { kinds, roles, countOf: (kind, role) => hits[`${kind}: ${role}`] ?? 0 }
}

export function sum(one: TallyRecord, other: TallyRecord): TallyRecord {
  if (one.profile !== other.profile) throw new Error(`runs of ${one.profile} and of ${other.profile} do not add up`)
  return {
    profile: one.profile,
    commits: [...new Set([...one.commits, ...other.commits])],
    firstSeed: Math.min(one.firstSeed, other.firstSeed),
    lastSeed: Math.max(one.lastSeed, other.lastSeed),
    runs: one.runs + other.runs,
    violations: [...one.violations, ...other.violations],
    simulatedMs: one.simulatedMs + other.simulatedMs,
    wallMs: one.wallMs + other.wallMs,
    events: one.events + other.events,
    acknowledged: one.acknowledged + other.acknowledged,
    hits: sumOf(one.hits, other.hits),
    reached: sumOf(one.reached, other.reached),
  }
}

function sumOf(one: Counts, other: Counts): Counts {
  const total = new Map(Object.entries(one))
  for (const [key, count] of Object.entries(other)) total.set(key, (total.get(key) ?? 0) + count)
  return Object.fromEntries(sorted([...total]))
}

function sorted<T>(entries: readonly (readonly [string, T])[]): readonly (readonly [string, T])[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
}
