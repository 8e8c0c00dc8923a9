/**
 * How DescribeConfigs shows a value, as Apache Kafka does: as the text of what was read, not as the text that was given. From text to
 * text, because an integer of 64 bits does not fit a number.
 */
import { type ConfigType, splitList } from './config-kind.ts'

export function shownValue(type: ConfigType, text: string): string {
  const trimmed = text.trim()
  switch (type) {
    case 'boolean':
      return trimmed.toLowerCase()
    case 'short':
    case 'int':
    case 'long':
      return /^[+-]?[0-9]+$/.test(trimmed) ? BigInt(trimmed.replace('+', '')).toString() : trimmed
    case 'double':
      return shownDouble(Number(trimmed))
    case 'list':
      return splitList(text).join(',')
    case 'string':
      return trimmed
  }
}

/** With a point, and as a power of ten where it is small or large. */
function shownDouble(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e')
    return `${withPoint(digits)}E${Number(exponent)}`
  }
  return withPoint(String(value))
}

function withPoint(digits: string): string {
  return digits.includes('.') ? digits : `${digits}.0`
}
