/** What is wrong with one config, in words that help: the value, what is allowed, and for an unknown name the one that was meant. */
import { suggest } from '../suggest.ts'
import type { ConfigKind } from './config-kind.ts'

export interface ConfigProblem {
  readonly name: string
  readonly message: string
}

const SHOWN_LENGTH_MAX = 100

export function unknownName(resource: string, name: string, names: readonly string[]): ConfigProblem {
  const meant = suggest(name, names)
  const hint = meant === null ? '' : `; did you mean ${meant}?`
  return { name, message: `there is no ${resource} config ${shownValue(name)}${hint}` }
}

/** Null when the text is allowed. */
export function valueProblem(name: string, value: string, kind: ConfigKind<unknown>): ConfigProblem | null {
  if (kind.parse(value) !== undefined) return null
  return { name, message: `${name} cannot be ${shownValue(value)}; expected ${kind.allowed}` }
}

/** Quoted, escaped and cut: it comes from a client and goes into messages and logs. */
export function shownValue(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text)
}
