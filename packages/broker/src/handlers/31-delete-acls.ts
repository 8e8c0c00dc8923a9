/**
 * DeleteAcls (API key 31), versions 1-3.
 *
 * Every filter is refused, as in DescribeAcls.
 */
import { deleteAclsApi } from '@millrace/protocol'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { NO_AUTHORIZER } from './no-authorizer.ts'

export function deleteAclsHandler(): Handler {
  return defineHandler(deleteAclsApi, ({ filters }) => ({
    throttleTimeMs: 0,
    filterResults: filters.map(() => ({ ...NO_AUTHORIZER, matchingAcls: [] })),
  }))
}
