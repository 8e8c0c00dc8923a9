/**
 * The shape that all checkpoint files share: a version, the number of entries, one line per entry.
 *
 *     0
 *     2
 *     orders 0 17
 *     orders 1 9
 *
 * Returns null for anything else. A half-written file cannot exist, since checkpoints are replaced as a whole; the count is
 * checked all the same, because a file system that lost the end of a file must not look like a shorter checkpoint.
 */
import { decodeAscii, encodeAscii } from '../ascii.ts'

const VERSION = '0'
/** White space that is no blank. */
const SPACE = /[^\S ]/

export function parseLines(bytes: Uint8Array): readonly (readonly string[])[] | null {
  const lines = decodeAscii(bytes).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  const [version, count, ...entries] = lines
  if (version?.trim() !== VERSION || count === undefined || parseWhole(count.trim()) !== entries.length) return null
  return entries.map(fieldsOf)
}

function fieldsOf(line: string): readonly string[] {
  const fields = line.split(' ')
  // As we and Kafka write them, and much faster than the rule.
  return fields.includes('') || SPACE.test(line) ? line.trim().split(/\s+/) : fields
}

export function formatLines(entries: readonly string[]): Uint8Array {
  return encodeAscii(`${VERSION}\n${entries.length}\n${entries.map((entry) => `${entry}\n`).join('')}`)
}

/** A whole number in decimal within the safe range, or null. */
export function parseWhole(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d+$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}
