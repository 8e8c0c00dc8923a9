/**
 * DescribeUserScramCredentials (API key 50), version 0.
 *
 * Nobody has credentials: all users together are an empty list, and who is asked for by name is not found.
 */
import { describeUserScramCredentialsApi, ERROR_CODES } from '@millrace/protocol'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

const NOT_FOUND = { errorCode: ERROR_CODES.RESOURCE_NOT_FOUND, errorMessage: 'the user has no credentials', credentialInfos: [] }

export function describeUserScramCredentialsHandler(): Handler {
  return defineHandler(describeUserScramCredentialsApi, ({ users }) => {
    const results = (users ?? []).map(({ name }) => ({ user: name, ...NOT_FOUND }))
    return { throttleTimeMs: 0, errorCode: ERROR_CODES.NONE, errorMessage: null, results }
  })
}
