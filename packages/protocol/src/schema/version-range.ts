/** Version ranges as the protocol writes them: "3", "0-4", "9+", "none". */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

const NONE: VersionRange = { min: 1, max: 0 }
const cache = new Map<string, VersionRange>()

export function parseVersionRange(text: string): VersionRange {
  const known = cache.get(text)
  if (known !== undefined) return known
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  let range = NONE
  if (match !== null) {
    const min = Number(match[1])
    range = { min, max: match[2] === '+' ? Number.POSITIVE_INFINITY : match[3] === undefined ? min : Number(match[3]) }
  } else if (text !== 'none') throw new Error(`not a version range: ${text}`)
  cache.set(text, range)
  return range
}

export function includes(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max
}
