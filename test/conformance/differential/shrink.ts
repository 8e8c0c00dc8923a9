/** Makes a scenario that fails as short as it goes: steps are taken out as long as it still fails. */
import type { Scenario } from './scenario.ts'

/** `fails` tells of a part of the scenario; `attempts` bounds how often it is asked. */
export async function shrink(scenario: Scenario, fails: (part: Scenario) => Promise<boolean>, attempts = 200): Promise<Scenario> {
  let shortest = scenario
  let left = attempts
  for (let size = Math.ceil(scenario.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.steps.length && left > 0; ) {
      const part = { ...shortest, steps: [...shortest.steps.slice(0, at), ...shortest.steps.slice(at + size)] }
      left -= 1
      if (part.steps.length > 0 && (await fails(part))) shortest = part
      else at += size
    }
  }
  return shortest
}
