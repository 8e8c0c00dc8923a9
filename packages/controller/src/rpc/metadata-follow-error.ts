/** Why a node cannot follow its cluster's metadata any more. It stops, deletes nothing, and says so. */
import type { MetadataAlarm } from './metadata-fetch.ts'

const CODES = {
  'other-cluster': 'ERR_CONTROLLER_OTHER_CLUSTER',
  diverged: 'ERR_CONTROLLER_METADATA_DIVERGED',
  'newer-version': 'ERR_CONTROLLER_NEWER_VERSION',
} as const

const ADVICE = {
  'other-cluster': 'give this node the controllers of its own cluster, or an empty directory',
  'newer-version': 'start that version or a later one here',
  diverged: 'stop the cluster before it is used further, and look which of the two is wrong',
} as const

export class MetadataFollowError extends Error {
  readonly code: (typeof CODES)[keyof typeof CODES]

  constructor(reason: MetadataAlarm['reason'] | 'newer-version', message: string, options?: { readonly cause?: unknown }) {
    super(`${message}; ${ADVICE[reason]}`, options)
    this.name = 'MetadataFollowError'
    this.code = CODES[reason]
  }
}
