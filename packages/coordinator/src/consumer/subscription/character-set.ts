/**
 * Sets of the 128 characters that topic names are drawn from. What lies outside of ASCII is in no set, for no topic name holds it.
 */

/** Four words of 32 characters each. */
export type CharacterSet = readonly [number, number, number, number]

export const ASCII_END = 128
export const ANY_CHARACTER: CharacterSet = [-1, -1, -1, -1]

export function hasCharacter(set: CharacterSet, code: number): boolean {
  return code < ASCII_END && (((set[code >> 5] as number) >>> (code & 31)) & 1) === 1
}

/** Inclusive at both ends, as in `[a-z]`. */
export function charactersBetween(first: number, last: number): CharacterSet {
  const words: [number, number, number, number] = [0, 0, 0, 0]
  for (let code = first; code <= Math.min(last, ASCII_END - 1); code += 1)
    words[code >> 5] = (words[code >> 5] as number) | (1 << (code & 31))
  return words
}

export function charactersOf(text: string): CharacterSet {
  return union(
    ...Array.from(text, (character) => charactersBetween(character.codePointAt(0) as number, character.codePointAt(0) as number)),
  )
}

export function union(...sets: readonly CharacterSet[]): CharacterSet {
  const [a, b, c, d] = [0, 1, 2, 3].map((word) => sets.reduce((bits, set) => bits | (set[word] as number), 0))
  return [a ?? 0, b ?? 0, c ?? 0, d ?? 0]
}

export function complement(set: CharacterSet): CharacterSet {
  return [~set[0], ~set[1], ~set[2], ~set[3]]
}

const LOWER = charactersBetween(97, 122)
const UPPER = charactersBetween(65, 90)
const DIGITS = charactersBetween(48, 57)

/** Adds the other case of each letter. */
export function withoutCase(set: CharacterSet): CharacterSet {
  const codes = Array.from({ length: 26 }, (_, index) => index)
  const added = codes
    .filter((index) => hasCharacter(set, 65 + index) || hasCharacter(set, 97 + index))
    .map((index) => union(charactersBetween(65 + index, 65 + index), charactersBetween(97 + index, 97 + index)))
  return union(set, ...added)
}

export const WORD_CHARACTERS: CharacterSet = union(LOWER, UPPER, DIGITS, charactersOf('_'))

/** `\d`, `\s` and `\w`; the capital letters are their complements. */
export const PERL_CLASSES: ReadonlyMap<string, CharacterSet> = new Map([
  ['d', DIGITS],
  ['s', charactersOf('\t\n\f\r ')],
  ['w', WORD_CHARACTERS],
])

/** `[:alpha:]` and its like, inside of brackets. */
export const POSIX_CLASSES: ReadonlyMap<string, CharacterSet> = new Map([
  ['alnum', union(LOWER, UPPER, DIGITS)],
  ['alpha', union(LOWER, UPPER)],
  ['ascii', ANY_CHARACTER],
  ['blank', charactersOf('\t ')],
  ['cntrl', union(charactersBetween(0, 31), charactersBetween(127, 127))],
  ['digit', DIGITS],
  ['graph', charactersBetween(33, 126)],
  ['lower', LOWER],
  ['print', charactersBetween(32, 126)],
  ['punct', charactersMatching('[!-/:-@[-`{-~]')],
  ['space', charactersOf('\t\n\v\f\r ')],
  ['upper', UPPER],
  ['word', WORD_CHARACTERS],
  ['xdigit', charactersMatching('[0-9A-Fa-f]')],
])

/** `\p{Name}`: what of a general category or a script lies in ASCII; null where there is no such category or script. */
export function unicodeClass(name: string): CharacterSet | null {
  if (!/^[A-Za-z_]+$/.test(name)) return null
  if (name === 'Any') return ANY_CHARACTER
  for (const property of [name, `Script=${name}`]) {
    // `\p{Alphabetic}` and other properties of JavaScript that are neither category nor script have longer names than categories do.
    if (property === name && name.length > 2) continue
    try {
      return charactersMatching(`\\p{${property}}`)
    } catch {
      continue
    }
  }
  return null
}

function charactersMatching(source: string): CharacterSet {
  const expression = new RegExp(source, 'u')
  return union(
    ...Array.from({ length: ASCII_END }, (_, code) => code)
      .filter((code) => expression.test(String.fromCharCode(code)))
      .map((code) => charactersBetween(code, code)),
  )
}
