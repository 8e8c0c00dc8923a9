/** All scenarios, in the order in which they are listed. */
import type { Scenario } from '../scenario.ts'
import { produce16k, produce256k } from './produce.ts'

export const SCENARIOS: readonly Scenario[] = [produce256k, produce16k]
