/** A whole cluster in one process under one seed. */
export { drawPlan, type DrawOptions } from './run/draw-plan.ts'
export type { Plan, Profile } from './run/plan.ts'
export { type Outcome, runSimulation } from './run/run-simulation.ts'
export { formatScenario, parseScenario } from './run/scenario.ts'
export { shrink } from './run/shrink.ts'
export type { Violation } from './world/world.ts'
