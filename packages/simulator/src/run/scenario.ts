/**
 * A plan as text, one thing a line: what a failing run is stored as, and what the permanent scenarios are written in.
 *
 * Lines are `name value`, `knob name value`, and `fault` with a fault's own line; what begins with `#` is for people.
 */
import { formatFault, parseFault } from '../faults/fault.ts'
import type { Knobs, Plan } from './plan.ts'

export function formatScenario(plan: Plan, comment: readonly string[] = []): string {
  const { knobs, faults, classes: _classes, ...settings } = plan
  const lines = [
    ...comment.map((text) => `# ${text}`),
    ...Object.entries(settings).map(([name, value]) => `${name} ${value}`),
    ...Object.entries(knobs).map(([name, value]) => `knob ${name} ${value}`),
    ...faults.map((fault) => `fault ${formatFault(fault)}`),
  ]
  return `${lines.join('\n')}\n`
}

/** What the text does not say is as in `defaults`. Throws for a line that means nothing. */
export function parseScenario(text: string, defaults: Plan): Plan {
  const settings: Record<string, number | string> = {}
  const knobs: Record<string, number> = {}
  const faults: Plan['faults'][number][] = []
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const [name = '', ...rest] = line.split(' ')
    if (name === 'fault') faults.push(parseFault(rest.join(' ')))
    else if (name === 'knob' && rest[0] !== undefined && rest[0] in defaults.knobs) knobs[rest[0]] = Number(rest[1])
    else if (name in defaults) settings[name] = Number.isFinite(Number(rest[0])) ? Number(rest[0]) : (rest[0] as string)
    else throw new Error(`a scenario has no line like this: ${line}`)
  }
  return { ...defaults, ...(settings as Partial<Plan>), knobs: { ...defaults.knobs, ...(knobs as Partial<Knobs>) }, classes: [], faults }
}
