/**
 * How long the names may be that clients choose: of groups, members and protocols. Requests of newer versions have no bound for them,
 * and records have: a key that is longer than a record can hold would be believed and could not be written.
 */

/** Three bytes for a character at the most, and room for what is put behind it: less than the 32,767 bytes of a string in a record. */
export const NAME_LENGTH_MAX = 10_000

/** Characters count as UTF-16 has them. */
export function isStorableName(name: string | null): boolean {
  return name === null || name.length <= NAME_LENGTH_MAX
}
