/** Values of options as they are typed: checked where they are read, so that a wrong one is told with its option. */
import { InvalidArgumentError } from 'commander'

export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `${minimum} or more` : `from ${minimum} to ${maximum}`
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= minimum && value <= maximum) return value
    throw new InvalidArgumentError(`It must be a whole number, ${range}.`)
  }
}

/** An id of a cluster or a directory. */
export function id(text: string): string {
  if (/^[\w-]{22}$/.test(text)) return text
  throw new InvalidArgumentError('It must be 22 letters, digits, "-" or "_"; "cluster new-id" draws one.')
}

/** Ids of brokers, with commas between. */
export function nodeIds(text: string): number[] {
  const ids = text.split(',').map((part) => part.trim())
  if (!ids.every((part) => /^\d{1,10}$/.test(part))) throw new InvalidArgumentError('Write ids of brokers with commas between: 1,2,3.')
  return ids.map(Number)
}

/** Adds one `name=value` to those given before. The value may be empty and may contain "=". */
export function nameAndValue(text: string, previous: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const separator = text.indexOf('=')
  if (separator <= 0) throw new InvalidArgumentError('Write it as name=value.')
  return { ...previous, [text.slice(0, separator)]: text.slice(separator + 1) }
}

/** Adds one more to those given before. */
export function oneMore(text: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), text]
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', 0: '\0', '\\': '\\' }

/** `\t`, `\n`, `\0` and the like, which are hard to type in a shell. */
export function unescaped(text: string): string {
  return text.replaceAll(/\\([ntr0\\])/g, (whole, letter: string) => ESCAPES[letter] ?? whole)
}
