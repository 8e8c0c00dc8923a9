/** What hunts for planted bugs came to, kept in a file: of each bug the last one. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

export interface KeptVerdict {
  readonly bug: string
  readonly profile: string
  /** Classes of faults that were on with every seed. */
  readonly with: readonly string[]
  readonly commit: string
  /** How long the storms of all runs were; null: as each seed draws it. Absent where that was not kept. */
  readonly stormMs?: number | null
  /** Where the hunt began; absent: at 1. */
  readonly firstSeed?: number
  /** How many were tried at most. */
  readonly seeds: number
  /** The one that found it; null when none did. */
  readonly seed: number | null
}

export interface VerdictFile {
  readonly verdicts: readonly KeptVerdict[]
}

export function keepVerdict(path: string, verdict: KeptVerdict): void {
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as VerdictFile).verdicts : []
  const verdicts = [...before.filter(({ bug }) => bug !== verdict.bug), verdict]
  writeFileSync(path, `${JSON.stringify({ verdicts } satisfies VerdictFile, null, 2)}\n`)
}
