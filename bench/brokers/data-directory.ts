/** Looks into a broker's data directory from outside. */
import { readdir } from 'node:fs/promises'

const POLL_MS = 50
const DEADLINE_MS = 60_000

/**
 * Resolves when no directory of the topic's partitions is left. Both brokers name them after the topic, also while they are
 * deleted; Kafka keeps them in `logs`.
 */
export async function awaitDeleted(dataDir: string, topic: string): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  for (;;) {
    const names = [...(await list(dataDir)), ...(await list(`${dataDir}/logs`))]
    if (!names.some((name) => name.startsWith(`${topic}-`))) return
    if (performance.now() > deadlineMs) throw new Error(`${topic} is deleted, but its directories in ${dataDir} stay`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function list(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => [])
}
