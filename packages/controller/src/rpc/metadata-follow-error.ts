/** Why a node cannot follow its cluster's metadata any more. It stops, deletes nothing, and says so. */
import type { MetadataAlarm } from './metadata-fetch.ts'

const CODES = {
  'other-cluster': 'ERR_CONTROLLER_OTHER_CLUSTER',
  diverged: 'ERR_CONTROLLER_METADATA_DIVERGED',
} as const

const ADVICE = {
  'other-cluster': 'give this node the controllers of its own cluster, or an empty directory',
  diverged: 'stop the cluster before it is used further, and look which of the two is wrong',
} as const

export class MetadataFollowError extends Error {
  readonly code: (typeof CODES)[keyof typeof CODES]

  constructor(reason: MetadataAlarm['reason'], message: string) {
    super(`${message}; ${ADVICE[reason]}`)
    this.name = 'MetadataFollowError'
    this.code = CODES[reason]
  }
}
