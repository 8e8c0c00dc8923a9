/** Broker addresses as people write them: `host:port`, `host`, `[::1]:9092`. */
import type { Address } from '@millrace/runtime'
import { CLIENT_ERROR_CODES, ClientError } from '../errors.ts'

const DEFAULT_PORT = 9092
const PATTERN = /^(?:\[([^\]\s]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/

export function parseAddress(text: string): Address {
  const match = PATTERN.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3])
  if (host === undefined || port < 1 || port > 65535) {
    throw new ClientError(CLIENT_ERROR_CODES.invalidArgument, `"${text}" is not a broker address: write it as host:port`)
  }
  return { host, port }
}

export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
