/** Loads what brokers of this process would load when they first need it, for who cannot wait for it then. */
import { COMPACTION } from '@millrace/log'
import { COORDINATOR } from './coordinator/coordinator-module.ts'
import { loadHandlers } from './handlers/registry.ts'

export async function loadDeferred(): Promise<void> {
  await Promise.all([COMPACTION.load(), COORDINATOR.load(), loadHandlers()])
}
