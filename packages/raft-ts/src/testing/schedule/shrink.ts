/**
 * Makes a plan that fails smaller, as long as it goes on failing in the same way: whole kinds of faults are left out, then stretches
 * of steps, then single ones (delta debugging), then the setup is made plainer. What is left is what it takes.
 */
import type { ActionName, Plan, Setup, Step } from './plan.ts'

/** Whether a plan still fails, and in the way that is looked for. */
export type Fails = (plan: Plan) => boolean

const PLAINER: readonly ((setup: Setup) => Setup)[] = [
  (setup) => ({ ...setup, network: { ...setup.network, stray: 0 } }),
  (setup) => ({ ...setup, network: { ...setup.network, duplicate: 0 } }),
  (setup) => ({ ...setup, network: { ...setup.network, drop: 0 } }),
  (setup) => ({ ...setup, network: { ...setup.network, reorder: 0 } }),
  (setup) => ({ ...setup, deferral: 0 }),
  (setup) => ({ ...setup, slowDisk: '' }),
  (setup) => ({ ...setup, keepers: [] }),
  (setup) => ({ ...setup, snapshotEvery: 0 }),
  (setup) => ({ ...setup, warmUp: 0 }),
  (setup) => ({ ...setup, loss: 'none' }),
  (setup) => ({ ...setup, otherLimits: null }),
  (setup) => ({ ...setup, limits: {}, otherLimits: null }),
]

export function shrink(plan: Plan, fails: Fails): Plan {
  let best = plan
  for (let before = Infinity; best.steps.length < before; ) {
    before = best.steps.length
    best = withoutKinds(best, fails)
    best = withoutStretches(best, fails)
    best = withPlainerSetup(best, fails)
  }
  return best
}

function withoutKinds(plan: Plan, fails: Fails): Plan {
  const kinds = [...new Set(plan.steps.map(({ action }) => action))]
  return kinds.reduce((best, kind) => tried(best, { ...best, steps: without(best.steps, kind) }, fails), plan)
}

function withoutStretches(plan: Plan, fails: Fails): Plan {
  let best = plan
  for (let length = Math.ceil(plan.steps.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let at = 0; at < best.steps.length; ) {
      const steps = best.steps.toSpliced(at, length)
      const smaller = tried(best, { ...best, steps }, fails)
      if (smaller === best) at += length
      best = smaller
    }
  }
  return best
}

function withPlainerSetup(plan: Plan, fails: Fails): Plan {
  return PLAINER.reduce((best, plainer) => tried(best, { ...best, setup: plainer(best.setup) }, fails), plan)
}

function tried(best: Plan, smaller: Plan, fails: Fails): Plan {
  return fails(smaller) ? smaller : best
}

function without(steps: readonly Step[], kind: ActionName): readonly Step[] {
  return steps.filter(({ action }) => action !== kind)
}
