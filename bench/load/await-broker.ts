/** Waits for a process that has just been started. */
import type { RunningBroker } from '../brokers/launcher.ts'
import { type Admin, openAdmin } from './admin.ts'

/** Nobody listens yet: asking costs the broker nothing. */
const CONNECT_RETRY_MS = 5
/**
 * It listens but is not ready. Every attempt now takes from the cores with which the broker starts, so asking more often would
 * lengthen what is measured, and the slower broker would suffer the more.
 */
const REFUSAL_RETRY_MS = 50
const DEADLINE_MS = 600_000

/** Tries until `attempt` succeeds; a refusal or a lost connection is a reason to try again, the end of the process is not. */
export async function retryUntilDone<T>(broker: RunningBroker, attempt: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + DEADLINE_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      broker.assertRunning()
      if (performance.now() > deadlineMs) throw error
      await new Promise((resolve) => setTimeout(resolve, isNobodyListening(error) ? CONNECT_RETRY_MS : REFUSAL_RETRY_MS))
    }
  }
}

function isNobodyListening(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}

/** An admin connection to a broker that answers. */
export async function connectAdmin(broker: RunningBroker): Promise<Admin> {
  return retryUntilDone(broker, async () => {
    const admin = await openAdmin(broker.port)
    try {
      await admin.awaitLeaders([])
      return admin
    } catch (error) {
      admin.close()
      throw error
    }
  })
}
