/** Where reading begins, as it is typed: `beginning`, `end`, an offset, or a time. */
import type { StartPosition } from '@millrace/client'
import { InvalidArgumentError } from 'commander'

/** A day or a time as ISO 8601 has it, the zone included or of this machine. */
const TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/

export function parseStartPosition(text: string): StartPosition {
  if (text === 'beginning' || text === 'earliest') return 'earliest'
  if (text === 'end' || text === 'latest') return 'latest'
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  const timestamp = TIME.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN
  if (!Number.isNaN(timestamp)) return { timestamp }
  throw new InvalidArgumentError('It must be "beginning", "end", an offset, or a time such as 2026-01-31T12:00:00Z.')
}
