/**
 * DescribeClientQuotas (API key 48), versions 0-1.
 *
 * There are no quotas, and none can be set: whoever asks is told that none match. Entities of a type that no quota could have are
 * refused, so that a misspelt question is not taken for an answer.
 */
import { describeClientQuotasApi, ERROR_CODES } from '@millrace/protocol'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

const ENTITY_TYPES: readonly string[] = ['user', 'client-id', 'ip']

export function describeClientQuotasHandler(): Handler {
  return defineHandler(describeClientQuotasApi, ({ components }) => {
    const unknown = components.find(({ entityType }) => !ENTITY_TYPES.includes(entityType))
    if (unknown !== undefined) {
      const errorMessage = `there is no entity type "${unknown.entityType}"`
      return { throttleTimeMs: 0, errorCode: ERROR_CODES.UNSUPPORTED_VERSION, errorMessage, entries: null }
    }
    return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, errorMessage: null, entries: [] }
  })
}
