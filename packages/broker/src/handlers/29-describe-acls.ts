/**
 * DescribeAcls (API key 29), versions 1-3.
 *
 * Refused as an Apache Kafka without an authorizer refuses it, and not by closing the connection: tools that look at a cluster ask
 * for its ACLs without being told to, and take this answer for "none".
 */
import { describeAclsApi } from '@millrace/protocol'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'
import { NO_AUTHORIZER } from './no-authorizer.ts'

export function describeAclsHandler(): Handler {
  return defineHandler(describeAclsApi, () => ({ throttleTimeMs: 0, ...NO_AUTHORIZER, resources: [] }))
}
