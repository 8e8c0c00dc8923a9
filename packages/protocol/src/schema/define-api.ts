/** An API: a number, and what is asked and answered. */
import { parseVersionRange } from './version-range.ts'
import type { MessageDefinition } from './define-message.ts'

export interface ApiDefinition<Req extends MessageDefinition = MessageDefinition, Res extends MessageDefinition = MessageDefinition> {
  readonly key: number
  readonly name: string
  readonly request: Req
  readonly response: Res
  /** Versions that the schema can do. */
  readonly minVersion: number
  readonly maxVersion: number
  /** First flexible version; infinite when there is none. */
  readonly flexibleFrom: number
}

export function defineApi<Req extends MessageDefinition, Res extends MessageDefinition>(definition: {
  readonly key: number
  readonly name: string
  readonly request: Req
  readonly response: Res
}): ApiDefinition<Req, Res> {
  const { min, max } = parseVersionRange(definition.request.validVersions)
  const flexible = parseVersionRange(definition.request.flexibleVersions)
  return {
    ...definition,
    minVersion: min,
    maxVersion: max,
    flexibleFrom: flexible.max < flexible.min ? Number.POSITIVE_INFINITY : flexible.min,
  }
}
