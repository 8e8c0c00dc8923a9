/**
 * What a client is told to connect to.
 *
 * By default it is the address that the client itself connected to: if that way worked for its first request it works for the
 * next, through port mappings of containers as well as across machines. An explicit setting overrides, for brokers behind a
 * proxy whose address they cannot see.
 */
import type { Address } from '@millrace/runtime'

export interface AdvertisedAddressSettings {
  /** Null: the host the client connected to. */
  readonly host: string | null
  /** Null: the port the client connected to. */
  readonly port: number | null
}

export function advertisedAddress(settings: AdvertisedAddressSettings, local: Address): Address {
  return { host: settings.host ?? local.host, port: settings.port ?? local.port }
}
