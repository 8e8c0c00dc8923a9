/** Runs many seeds and says of the first that fails what it takes to see it again. */
import { type DrawOptions, drawPlan, type Profile, runSimulation } from '@millrace/simulator'

/** Of a cluster that is tried with every change. */
export const SHORT_STORM: DrawOptions = { stormMs: 2_500 }
export const SLOW_MS = 240_000

export async function firstFailure(profile: Profile, seeds: readonly number[], options: DrawOptions): Promise<string | null> {
  for (const seed of seeds) {
    const { violation } = await runSimulation(drawPlan(profile, seed, options))
    if (violation === null) continue
    const storm = options.stormMs === undefined ? '' : ` --storm ${options.stormMs}`
    return `npm run simulate -- --profile ${profile} --seed ${seed}${storm}\n${violation.rule}: ${violation.message}`
  }
  return null
}

export function successive(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}
