/** Plans: drawn from seeds, written as text, made smaller. */
import { describe, expect, it } from 'vitest'
import { FAULT_CLASSES } from '../faults/fault-classes.ts'
import { formatFault, parseFault } from '../faults/fault.ts'
import { drawPlan } from './draw-plan.ts'
import { formatScenario, parseScenario } from './scenario.ts'
import { shrink } from './shrink.ts'

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1)

describe('a drawn plan', () => {
  it('is the same for the same seed', () => {
    for (const seed of SEEDS) expect(drawPlan('single', seed)).toEqual(drawPlan('single', seed))
  })

  it('has every class of faults in about half of the runs', () => {
    for (const name of FAULT_CLASSES) {
      const count = SEEDS.filter((seed) => drawPlan('cluster', seed).classes.includes(name)).length
      expect(count, name).toBeGreaterThan(SEEDS.length / 4)
      expect(count, name).toBeLessThan((SEEDS.length * 3) / 4)
    }
  })

  it('cuts no power where topics promise nothing without it', () => {
    const plans = SEEDS.map((seed) => drawPlan('single', seed)).filter(({ durability }) => durability === 'replicated')
    const faults = plans.flatMap((plan) => plan.faults)
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.filter((fault) => fault.kind === 'blackout' || ('how' in fault && fault.how === 'power'))).toEqual([])
  })
})

describe('a scenario', () => {
  it('says all that a plan says', () => {
    for (const seed of SEEDS) {
      const plan = drawPlan('single', seed)
      expect(parseScenario(formatScenario(plan, ['why']), drawPlan('single', 1))).toEqual({ ...plan, classes: [] })
    }
  })

  it('is refused where it says what nobody understands', () => {
    const plan = drawPlan('single', 1)
    expect(() => parseScenario('weather fine\n', plan)).toThrow('weather fine')
    expect(() => parseScenario('knob wind 3\n', plan)).toThrow('knob wind 3')
    expect(() => parseFault('soon crash')).toThrow('no fault')
    expect(() => parseFault('10 crash node')).toThrow('not name=value')
  })

  it('has one line for each fault', () => {
    const fault = { atMs: 1200, kind: 'crash', node: 'node-1', how: 'power', downMs: 300 } as const
    expect(formatFault(fault)).toBe('1200 crash node=node-1 how=power downMs=300')
    expect(parseFault(formatFault(fault))).toEqual(fault)
  })
})

describe('shrinking', () => {
  it('leaves the faults that matter, the clients that they name, and usual knobs', async () => {
    const plan = SEEDS.map((seed) => drawPlan('single', seed)).find(({ faults }) => faults.length > 20)
    if (plan === undefined) throw new Error('no plan has many faults')
    const ofNodes = plan.faults.filter((fault) => 'node' in fault && fault.node.startsWith('node'))
    const [first, second] = [ofNodes[3], ofNodes[7]]
    const fails = async ({ faults }: typeof plan): Promise<boolean> => faults.includes(first as never) && faults.includes(second as never)
    const small = await shrink(plan, { fails, attemptsMax: 500 })
    expect(small.faults).toEqual([first, second])
    expect(small).toMatchObject({ admins: 0, partitions: 1, knobs: { segmentMs: 604_800_000, clockDriftMax: 0 } })
  })

  it('gives up when it has tried often enough', async () => {
    let attempts = 0
    const fails = async (): Promise<boolean> => {
      attempts += 1
      return true
    }
    await shrink(drawPlan('single', 3), { fails, attemptsMax: 5 })
    expect(attempts).toBe(5)
  })
})
