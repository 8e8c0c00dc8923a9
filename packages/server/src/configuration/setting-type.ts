/**
 * The kinds of value that a setting takes. A value arrives as text (a flag) or as what the configuration file or a program
 * wrote; text is converted, anything else must already have the right type, so `port: "9092"` in a file is an error.
 */
export interface SettingType<Value> {
  /** What is allowed, as it ends the sentence "port must be ...". */
  readonly allowed: string
  /** The value, or undefined when it is not allowed. */
  fromText(text: string): Value | undefined
  fromValue(value: unknown): Value | undefined
}

export function wholeNumber(minimum: number, maximum: number): SettingType<number> {
  const check = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum ? value : undefined
  return {
    allowed: `a whole number from ${minimum} to ${maximum}`,
    fromText: (text) => (/^\d{1,15}$/.test(text) ? check(Number(text)) : undefined),
    fromValue: check,
  }
}

/** Text of one line that is not empty; `pattern` narrows it further and `allowed` says how. */
export function text(allowed: string, pattern: RegExp = /^[^\0\r\n]+$/): SettingType<string> {
  const check = (value: unknown): string | undefined => (typeof value === 'string' && pattern.test(value) ? value : undefined)
  return { allowed, fromText: check, fromValue: check }
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): SettingType<Choice> {
  const check = (value: unknown): Choice | undefined => choices.find((choice) => choice === value)
  return { allowed: `one of ${choices.join(', ')}`, fromText: check, fromValue: check }
}

/** A map from names to plain values, as Kafka's broker configs are written. As text: `name=value`. */
export type ConfigMap = Readonly<Record<string, string>>

export const configMap: SettingType<ConfigMap> = {
  allowed: 'a map from config names to text, numbers or booleans',
  fromText: (line) => {
    const separator = line.indexOf('=')
    return separator <= 0 ? undefined : { [line.slice(0, separator).trim()]: line.slice(separator + 1).trim() }
  },
  fromValue: (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const entries: [string, string][] = []
    for (const [name, entry] of Object.entries(value)) {
      if (typeof entry !== 'string' && typeof entry !== 'number' && typeof entry !== 'boolean') return undefined
      entries.push([name, String(entry)])
    }
    return Object.fromEntries(entries)
  },
}
