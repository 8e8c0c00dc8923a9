/**
 * A plan as a text that can be kept: what it showed as a comment, the setup in one line, then a step a line. Seeds die when the way
 * plans are drawn changes; a text does not.
 */
import type { ActionName, Plan, Setup, Step } from './plan.ts'

export function writeScenario({ seed, setup, steps }: Plan, comment: string): string {
  const lines = [...comment.split('\n').map((line) => `# ${line}`), `seed ${seed}`, `setup ${JSON.stringify(setup)}`]
  return `${[...lines, ...steps.map((step) => `${step.action} ${step.seed}`)].join('\n')}\n`
}

export function readScenario(text: string): Plan {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const valueOf = (name: string): string => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? ''
  const steps = lines
    .filter((line) => !/^(seed|setup) /.test(line))
    .map((line): Step => {
      const [action = '', seed = ''] = line.split(' ')
      return { action: action as ActionName, seed: Number(seed) }
    })
  return { seed: Number(valueOf('seed')), setup: JSON.parse(valueOf('setup')) as Setup, steps }
}
