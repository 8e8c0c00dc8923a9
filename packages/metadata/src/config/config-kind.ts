/**
 * Kinds of config values: how their text is read, and what is allowed. The text itself is kept as it was given;
 * only reading it yields a number or a list, and so does showing it (shown-value.ts).
 */
export type ConfigType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list'

export interface ConfigKind<Value> {
  readonly type: ConfigType
  /** What is allowed, as the end of the sentence "expected ...". */
  readonly allowed: string
  /** Undefined when the text is not allowed. */
  readonly parse: (text: string) => Value | undefined
}

interface Bounds {
  readonly min?: number
  readonly max?: number
}

const INTEGER_RANGES = {
  short: { min: -(2n ** 15n), max: 2n ** 15n - 1n },
  int: { min: -(2n ** 31n), max: 2n ** 31n - 1n },
  long: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
} as const

export const short = (bounds: Bounds = {}): ConfigKind<number> => integer('short', bounds)
export const int = (bounds: Bounds = {}): ConfigKind<number> => integer('int', bounds)
/** Values beyond a safe integer are read as the nearest one: as a bound on offsets, sizes and times it means the same. */
export const long = (bounds: Bounds = {}): ConfigKind<number> => integer('long', bounds)

function integer(type: 'short' | 'int' | 'long', bounds: Bounds): ConfigKind<number> {
  const range = INTEGER_RANGES[type]
  const min = bounds.min === undefined ? range.min : BigInt(bounds.min)
  const max = bounds.max === undefined ? range.max : BigInt(bounds.max)
  return {
    type,
    allowed: `a whole number from ${min} to ${max}`,
    parse(text) {
      const trimmed = text.trim()
      // The length is bounded so that a text of a million digits costs nothing.
      if (!/^[+-]?[0-9]{1,20}$/.test(trimmed)) return undefined
      const value = BigInt(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed)
      if (value < min || value > max) return undefined
      return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)))
    },
  }
}

export function double(bounds: { readonly min: number; readonly max: number }): ConfigKind<number> {
  return {
    type: 'double',
    allowed: `a number from ${bounds.min} to ${bounds.max}`,
    parse(text) {
      const trimmed = text.trim()
      if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$/.test(trimmed)) return undefined
      const value = Number(trimmed)
      return value >= bounds.min && value <= bounds.max ? value : undefined
    },
  }
}

export const boolean: ConfigKind<boolean> = {
  type: 'boolean',
  allowed: 'true or false',
  parse(text) {
    const lower = text.trim().toLowerCase()
    return lower === 'true' ? true : lower === 'false' ? false : undefined
  },
}

/** A boolean of which only one value can be had here; `because` completes "expected false, because ...". */
export function onlyFalse(because: string): ConfigKind<false> {
  return {
    type: 'boolean',
    allowed: `false, because ${because}`,
    parse: (text) => (boolean.parse(text) === false ? false : undefined),
  }
}

export const anyString: ConfigKind<string> = { type: 'string', allowed: 'any text', parse: (text) => text }

export function oneOf<const Value extends string>(values: readonly Value[]): ConfigKind<Value> {
  return {
    type: 'string',
    allowed: `one of ${values.join(', ')}`,
    parse: (text) => values.find((value) => value === text.trim()),
  }
}

/** Elements in any order, each at most once; `min` of them at least. */
export function listOf<const Value extends string>(values: readonly Value[], { min = 0 }: Bounds = {}): ConfigKind<readonly Value[]> {
  return {
    type: 'list',
    allowed: `a list, separated by commas and without repetition, of ${min > 0 ? `${min} or more of ` : ''}${values.join(', ')}`,
    parse(text) {
      const elements = splitList(text)
      if (elements.length < min) return undefined
      if (new Set(elements).size !== elements.length) return undefined
      const known = elements.filter((element): element is Value => values.some((value) => value === element))
      return known.length === elements.length ? known : undefined
    },
  }
}

export function listMatching(pattern: RegExp, allowed: string): ConfigKind<readonly string[]> {
  return {
    type: 'list',
    allowed,
    parse(text) {
      const elements = splitList(text)
      return elements.every((element) => pattern.test(element)) ? elements : undefined
    },
  }
}

/** Elements between commas, without the blanks around them; none when there is no text. */
export function splitList(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map((element) => element.trim())
}
