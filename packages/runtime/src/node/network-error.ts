/** Turns what the operating system says about sockets into the few codes that the rest of Millrace acts upon. */
import { NETWORK_ERROR_CODES, NetworkError, type NetworkErrorCode } from '../ports/network.ts'

const CODES: ReadonlyMap<string, NetworkErrorCode> = new Map([
  ['EADDRINUSE', NETWORK_ERROR_CODES.addressInUse],
  ['EADDRNOTAVAIL', NETWORK_ERROR_CODES.addressNotAvailable],
  ['ENOTFOUND', NETWORK_ERROR_CODES.addressNotAvailable],
  ['EAI_AGAIN', NETWORK_ERROR_CODES.addressNotAvailable],
  ['EACCES', NETWORK_ERROR_CODES.notPermitted],
  ['EPERM', NETWORK_ERROR_CODES.notPermitted],
  ['ECONNREFUSED', NETWORK_ERROR_CODES.refused],
  ['ETIMEDOUT', NETWORK_ERROR_CODES.timedOut],
])

/** `doing` completes the sentence "cannot …". An error that is a `NetworkError` already is handed back as it is. */
export function toNetworkError(error: unknown, doing: string): NetworkError {
  if (error instanceof NetworkError) return error
  const reason = reasonOf(error)
  return new NetworkError(CODES.get(reason) ?? NETWORK_ERROR_CODES.failed, `cannot ${doing}: ${reason}`, { cause: error })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return (error as NodeJS.ErrnoException).code ?? error.message
}
