/** Plans that fail get smaller, keep failing, and can be written down. */
import { expect, it } from 'vitest'
import { drawPlan, type Plan } from './plan.ts'
import { readScenario, writeScenario } from './scenario.ts'
import { shrink } from './shrink.ts'

const PLAN = drawPlan(7, 300)

it('of a plan that fails what it takes is left', () => {
  const wanted = [PLAN.steps[17], PLAN.steps[140], PLAN.steps[141], PLAN.steps[299]]
  let tried = 0
  const fails = ({ steps, setup }: Plan): boolean => {
    tried += 1
    return wanted.every((step) => step !== undefined && steps.includes(step)) && setup.warmUp > 0
  }
  const small = shrink(PLAN, fails)
  expect(small.steps).toEqual(wanted)
  expect(small.setup).toMatchObject({ deferral: 0, snapshotEvery: 0, warmUp: PLAN.setup.warmUp })
  expect(tried).toBeLessThan(200)
})

it('a plan that fails whatever is left out is left with nothing', () => {
  expect(shrink(PLAN, () => true).steps).toEqual([])
})

it('a plan is read as it was written', () => {
  expect(readScenario(writeScenario(PLAN, 'I7: not on a quorum\nfrom seed 7'))).toEqual(PLAN)
})

it('one step less leaves the others as they were', () => {
  expect(drawPlan(7, 200).steps).toEqual(PLAN.steps.slice(0, 200))
})
