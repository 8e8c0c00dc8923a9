/**
 * ApiVersions (API key 18), versions 0-5.
 *
 * Tells a client what it may ask for: the list is computed from the handlers, so it cannot promise what is not there. It is the
 * first request of most connections, and the only one that is answered whatever its version is: an unknown one gets the form
 * of version 0 with the range of this API, so that the client can ask again.
 *
 * Version notes: 3 client software name and version (KIP-511), tagged features; 5 the cluster and node that the client believes
 * to talk to (KIP-1242), so that a client whose broker has become another one's finds out before it does harm.
 * Supported features are those of this build, finalised ones those that the cluster agreed on, as of the metadata offset that
 * stands beside them. Producers speak the second protocol of transactions where `transaction.version` has level 2 (KIP-890).
 */
import { SUPPORTED_FEATURES } from '@millrace/metadata'
import { apiVersionsApi, encodeResponseFrame, ERROR_CODES } from '@millrace/protocol'
import type { ErrorCode } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

/** What Kafka allows, so that names can go into metrics as they are. */
const SOFTWARE_TEXT = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const FIRST_SOFTWARE_VERSION = 3
const FIRST_ZERO_LEVEL_VERSION = 4
const NO_NODE_ID = -1

export function apiVersionsHandler(services: BrokerServices): Handler {
  return defineHandler(apiVersionsApi, (request, context) => {
    const problem = problemWith(request, context.apiVersion)
    if (problem !== ERROR_CODES.NONE) return { errorCode: problem, apiKeys: [], throttleTimeMs: 0 }
    const { features, offset } = services.feed.image()
    return {
      errorCode: problem,
      apiKeys: advertisedApis(services.handlers()),
      throttleTimeMs: 0,
      supportedFeatures: supportedFeatures(context.apiVersion),
      finalizedFeaturesEpoch: offset,
      finalizedFeatures: [...features].map(([name, level]) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
    }
  })

  function problemWith(request: RequestIdentity, version: number): ErrorCode {
    if (version < FIRST_SOFTWARE_VERSION) return ERROR_CODES.NONE
    if (!SOFTWARE_TEXT.test(request.clientSoftwareName) || !SOFTWARE_TEXT.test(request.clientSoftwareVersion)) {
      return ERROR_CODES.INVALID_REQUEST
    }
    const { clusterId, nodeId } = request
    if (clusterId === null && nodeId === NO_NODE_ID) return ERROR_CODES.NONE
    if (clusterId === null || nodeId === NO_NODE_ID) return ERROR_CODES.INVALID_REQUEST
    return clusterId === services.clusterId && nodeId === services.nodeId ? ERROR_CODES.NONE : ERROR_CODES.REBOOTSTRAP_REQUIRED
  }
}

/** Clients of older versions fail at a feature whose minimum is 0. */
function supportedFeatures(apiVersion: number): { name: string; minVersion: number; maxVersion: number }[] {
  return SUPPORTED_FEATURES.filter(({ minLevel }) => minLevel > 0 || apiVersion >= FIRST_ZERO_LEVEL_VERSION).map(
    ({ name, minLevel, maxLevel }) => ({ name, minVersion: minLevel, maxVersion: maxLevel }),
  )
}

interface RequestIdentity {
  readonly clientSoftwareName: string
  readonly clientSoftwareVersion: string
  readonly clusterId: string | null
  readonly nodeId: number
}

/** The answer to an ApiVersions request of a version that is not served: a whole frame, size first. */
export function unsupportedApiVersionsFrame(correlationId: number): Uint8Array[] {
  const { key, minVersion, maxVersion } = apiVersionsApi
  const body = { errorCode: ERROR_CODES.UNSUPPORTED_VERSION, apiKeys: [{ apiKey: key, minVersion, maxVersion }] }
  return encodeResponseFrame(apiVersionsApi, 0, correlationId, body) as Uint8Array[]
}

function advertisedApis(handlers: readonly Handler[]): { apiKey: number; minVersion: number; maxVersion: number }[] {
  return handlers.map(({ api, minVersion, maxVersion }) => ({ apiKey: api.key, minVersion, maxVersion }))
}
