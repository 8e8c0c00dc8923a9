/** A message: its fields, the versions it has, and from which version on it is "flexible" (compact lengths, tagged fields). */
import type { DecodedFields, EncodableFields, Fields } from './field.ts'

export interface MessageDefinition<F extends Fields = Fields> {
  readonly name: string
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: F
}

/** What decoding gives: every field, those of other versions with their defaults. */
export type Decoded<M extends MessageDefinition> = DecodedFields<M['fields']>
/** What encoding takes: fields with a default, or that not all versions have, may be left out. */
export type Encodable<M extends MessageDefinition> = EncodableFields<M['fields']>

export function defineMessage<const F extends Fields>(definition: MessageDefinition<F>): MessageDefinition<F> {
  return definition
}
