/** A whole cluster in one process under one seed. */
export { FAULT_CLASSES, type FaultClass } from './faults/fault-classes.ts'
export { drawPlan, type DrawOptions } from './run/draw-plan.ts'
export type { Plan, Profile } from './run/plan.ts'
export type { Outcome } from './run/outcome.ts'
export { runSimulation } from './run/run-simulation.ts'
export { formatScenario, parseScenario } from './run/scenario.ts'
export { shrink } from './run/shrink.ts'
export type { Violation } from './world/world.ts'
