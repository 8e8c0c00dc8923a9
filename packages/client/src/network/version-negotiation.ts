/**
 * Which version of each API both sides speak: the first exchange on every connection.
 *
 * A broker that does not know our version of ApiVersions answers in the layout of version 0 with UNSUPPORTED_VERSION and,
 * if it is not too old, with the range it knows; the question is then put again in a version it understands.
 */
import { type ApiDefinition, apiVersionsApi, decodeResponse, ERROR_CODES, encodeRequestFrame } from '@millrace/protocol'
import { brokerError, CLIENT_ERROR_CODES, ClientError } from '../errors.ts'
import type { Exchange } from './broker-connection.ts'

export interface ApiVersionRange {
  readonly min: number
  readonly max: number
}

const CLIENT_SOFTWARE_NAME = 'millrace'
const CLIENT_SOFTWARE_VERSION = '0.1.0'
/** Version 5 names the cluster and node one expects; a client that has just connected expects none yet. */
const HIGHEST_VERSION = 4

export async function negotiateVersions(
  exchange: (request: Exchange) => Promise<Uint8Array>,
  clientId: string,
): Promise<ReadonlyMap<number, ApiVersionRange>> {
  const first = await ask(exchange, clientId, HIGHEST_VERSION)
  if (first.errorCode !== ERROR_CODES.UNSUPPORTED_VERSION) return rangesOf(first)
  const range = first.apiKeys.find((entry) => entry.apiKey === apiVersionsApi.key)
  return rangesOf(await ask(exchange, clientId, Math.min(HIGHEST_VERSION, range?.maxVersion ?? 0)))
}

/** The highest version that both sides know, or null. */
export function agreedVersion(
  api: ApiDefinition,
  offered: ApiVersionRange | undefined,
  maxVersion = Number.POSITIVE_INFINITY,
): number | null {
  if (offered === undefined) return null
  const version = Math.min(api.maxVersion, offered.max, maxVersion)
  return version >= Math.max(api.minVersion, offered.min) ? version : null
}

interface ApiVersionsAnswer {
  readonly errorCode: number
  readonly apiKeys: readonly { readonly apiKey: number; readonly minVersion: number; readonly maxVersion: number }[]
}

async function ask(exchange: (request: Exchange) => Promise<Uint8Array>, clientId: string, version: number): Promise<ApiVersionsAnswer> {
  const body = { clientSoftwareName: CLIENT_SOFTWARE_NAME, clientSoftwareVersion: CLIENT_SOFTWARE_VERSION }
  const frame = await exchange({
    apiName: apiVersionsApi.name,
    encode: (correlationId) => encodeRequestFrame(apiVersionsApi, version, correlationId, clientId, body),
  })
  try {
    return decodeResponse(apiVersionsApi, isUnsupportedVersion(frame) ? 0 : version, frame).body
  } catch (error) {
    throw new ClientError(CLIENT_ERROR_CODES.malformedResponse, 'the broker sent an ApiVersions response that cannot be decoded', {
      cause: error,
    })
  }
}

/** The error code follows the correlation id in every version, so it can be read before the layout is known. */
function isUnsupportedVersion(frame: Uint8Array): boolean {
  return frame.length >= 6 && new DataView(frame.buffer, frame.byteOffset).getInt16(4) === ERROR_CODES.UNSUPPORTED_VERSION
}

function rangesOf(answer: ApiVersionsAnswer): ReadonlyMap<number, ApiVersionRange> {
  if (answer.errorCode !== ERROR_CODES.NONE) throw brokerError(answer.errorCode)
  return new Map(answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }]))
}
