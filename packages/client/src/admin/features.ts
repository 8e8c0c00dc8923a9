/** Changes which levels of features the cluster agrees on. */
import { updateFeaturesApi } from '@millrace/protocol'
import type { Cluster } from '../metadata/cluster.ts'
import { askController } from './controller.ts'
import { changeOnce } from './quorum.ts'
import type { ChangeOptions } from './create-topics.ts'

export interface FeatureLevel {
  readonly name: string
  readonly level: number
  /** What going back may cost: `safe` refuses where metadata would be lost. Absent: the level is to be raised. */
  readonly downgrade?: 'safe' | 'unsafe'
}

const UPGRADE_TYPES = { upgrade: 1, safe: 2, unsafe: 3 } as const

/** All of them change, or none. */
export async function updateFeatures(cluster: Cluster, levels: readonly FeatureLevel[], options: ChangeOptions): Promise<void> {
  if (levels.length === 0) return
  const featureUpdates = levels.map(({ name, level, downgrade }) => ({
    feature: name,
    maxVersionLevel: level,
    upgradeType: UPGRADE_TYPES[downgrade ?? 'upgrade'],
  }))
  const body = { timeoutMs: cluster.settings.requestTimeoutMs, featureUpdates, validateOnly: options.validateOnly ?? false }
  await changeOnce(cluster, (attempt) => askController(cluster, attempt, updateFeaturesApi, body))
}
