/** The commit that is tested: part of what a run is named by, and where fresh seeds come from. */
import { execFileSync } from 'node:child_process'

/** Short; `unknown` for a source without a history. */
export function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}

/** Seeds that nobody has tried before this commit, and the same for whoever tries it again. */
export function freshSeeds(count: number): readonly number[] {
  const first = Number.parseInt(commit().slice(0, 6), 16)
  return Array.from({ length: count }, (_, index) => (Number.isNaN(first) ? 1 : first) * 1_000 + index)
}
