/**
 * CreateAcls (API key 30), versions 1-3.
 *
 * Every ACL is refused: one that nothing looks at would be worse than none.
 */
import { createAclsApi } from '@millrace/protocol'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { NO_AUTHORIZER } from './no-authorizer.ts'

export function createAclsHandler(): Handler {
  return defineHandler(createAclsApi, ({ creations }) => ({ throttleTimeMs: 0, results: creations.map(() => NO_AUTHORIZER) }))
}
