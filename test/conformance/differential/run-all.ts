/** Many scenarios against one broker, some at a time: they have nothing in common but the broker. */
import { initProducerIdApi } from '@millrace/protocol'
import type { Scenario } from './scenario.ts'
import type { Stage } from './stage.ts'
import type { Transcript } from './transcript.ts'

/** Most of the time is spent waiting for answers that may not come. */
const AT_A_TIME = 40

export interface RunAllOptions {
  /** What to go by, by name; scenarios that are not in it are written down anew. */
  readonly expected?: ReadonlyMap<string, Transcript>
  readonly round?: number
}

/** In the order of the scenarios. */
export async function runAll(stage: Stage, scenarios: readonly Scenario[], options: RunAllOptions = {}): Promise<readonly Transcript[]> {
  const transcripts: Transcript[] = []
  const queue = [...scenarios.entries()]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, scenario] = next
      transcripts[index] = await stage.run(scenario, options.expected?.get(scenario.name) ?? null, options.round)
    }
  }
  await Promise.all(Array.from({ length: scenarios.some(isTransactional) ? 1 : AT_A_TIME }, work))
  return transcripts
}

/** With several at once, Apache Kafka answers one producer's batch in terms of the request version of another's. */
function isTransactional({ steps }: Scenario): boolean {
  return steps.some(({ api }) => api.key === initProducerIdApi.key)
}
