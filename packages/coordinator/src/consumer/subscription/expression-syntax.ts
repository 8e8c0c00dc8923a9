/**
 * Reads a regular expression in the syntax of RE2 (and RE2/J, which Kafka uses): no back references, no looking around, so that
 * matching takes time in proportion to the text. What RE2 refuses is refused here, with what is wrong and where.
 *
 * Which of two equally possible matches a group would capture makes no difference to whether a whole name matches, so capturing,
 * naming and reluctance are read and forgotten.
 */
import {
  ANY_CHARACTER,
  type CharacterSet,
  charactersBetween,
  complement,
  PERL_CLASSES,
  POSIX_CLASSES,
  unicodeClass,
  union,
  withoutCase,
} from './character-set.ts'

export type Assertion = 'start' | 'end' | 'word-boundary' | 'no-word-boundary'

export type Expression =
  | { readonly type: 'characters'; readonly set: CharacterSet }
  | { readonly type: 'assertion'; readonly assertion: Assertion }
  | { readonly type: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly type: 'choice'; readonly options: readonly Expression[] }
  /** `max` is null for any number. */
  | { readonly type: 'repeat'; readonly part: Expression; readonly min: number; readonly max: number | null }

/** What is wrong with an expression, for the client who sent it. */
export class ExpressionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ExpressionError'
  }
}

/** RE2's own bounds. */
const REPEAT_MAX = 1000
const NESTING_MAX = 1000

const LINE_FEED = 10

interface Flags {
  readonly ignoreCase: boolean
  readonly dotMatchesLineFeed: boolean
}

export function parseExpression(source: string): Expression {
  return new Parser(source).parse()
}

class Parser {
  readonly #source: string
  #position = 0
  #nesting = 0
  #flags: Flags = { ignoreCase: false, dotMatchesLineFeed: false }

  constructor(source: string) {
    this.#source = source
  }

  parse(): Expression {
    const expression = this.#choice()
    if (this.#position < this.#source.length) throw this.#error('unexpected )')
    return expression
  }

  #choice(): Expression {
    const options = [this.#sequence()]
    while (this.#takes('|')) options.push(this.#sequence())
    return options.length === 1 ? (options[0] as Expression) : { type: 'choice', options }
  }

  #sequence(): Expression {
    const parts: Expression[] = []
    while (this.#position < this.#source.length && !this.#sees('|') && !this.#sees(')')) {
      const part = this.#part()
      if (part !== null) parts.push(this.#repeated(part))
    }
    return parts.length === 1 ? (parts[0] as Expression) : { type: 'sequence', parts }
  }

  /** Null for what matches nothing of its own and cannot be repeated: flags and an empty quotation. */
  #part(): Expression | null {
    if (this.#takes('(')) return this.#group()
    if (this.#takes('[')) return this.#characters(this.#bracket())
    if (this.#takes('.')) {
      return this.#characters(this.#flags.dotMatchesLineFeed ? ANY_CHARACTER : complement(charactersBetween(LINE_FEED, LINE_FEED)))
    }
    // Topic names have one line, so that `(?m)` makes no difference.
    if (this.#takes('^')) return { type: 'assertion', assertion: 'start' }
    if (this.#takes('$')) return { type: 'assertion', assertion: 'end' }
    if (this.#sees('*') || this.#sees('+') || this.#sees('?')) throw this.#error(`missing argument to repetition operator ${this.#next()}`)
    if (this.#takes('\\Q')) return this.#quotation()
    if (this.#takes('\\')) return this.#escape()
    return this.#literal(this.#next())
  }

  #repeated(part: Expression): Expression {
    const from = this.#position
    const range = this.#repetition()
    if (range === null) return part
    this.#takes('?')
    const repeated = this.#position
    if (this.#repetition() !== null) {
      this.#position = repeated
      throw this.#error(`invalid nested repetition operator ${this.#source.slice(from, repeated + 1)}`)
    }
    return { type: 'repeat', part, ...range }
  }

  #repetition(): { readonly min: number; readonly max: number | null } | null {
    if (this.#takes('*')) return { min: 0, max: null }
    if (this.#takes('+')) return { min: 1, max: null }
    if (this.#takes('?')) return { min: 0, max: 1 }
    const counted = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#source.slice(this.#position, this.#position + 32))
    if (counted === null) return null
    const min = Number(counted[1])
    const max = counted[2] === undefined ? min : counted[3] === '' ? null : Number(counted[3])
    if (min > REPEAT_MAX || (max !== null && (max > REPEAT_MAX || max < min))) throw this.#error(`invalid repeat count ${counted[0]}`)
    this.#position += counted[0].length
    return { min, max }
  }

  #group(): Expression | null {
    const outer = this.#flags
    const named = /^\?P?<([^>]*)>/.exec(this.#source.slice(this.#position))
    if (named !== null && !named[1]?.startsWith('=') && !named[1]?.startsWith('!')) {
      if (!/^\w+$/.test(named[1] as string)) throw this.#error(`invalid group name ${named[1]}`)
      this.#position += named[0].length
    } else if (this.#takes('?')) {
      const flags = this.#flagChanges()
      if (this.#takes(')')) {
        this.#flags = flags
        return null
      }
      if (!this.#takes(':')) throw this.#error('only groups, names and flags may follow (?')
      this.#flags = flags
    }
    this.#nesting += 1
    if (this.#nesting > NESTING_MAX) throw this.#error('expression nests too deeply')
    const inner = this.#choice()
    if (!this.#takes(')')) throw this.#error('missing )')
    this.#nesting -= 1
    this.#flags = outer
    return inner
  }

  #flagChanges(): Flags {
    const letters = /^([imsU]*)(?:(-)([imsU]+))?/.exec(this.#source.slice(this.#position)) as RegExpExecArray
    this.#position += letters[0].length
    const [on, off] = [letters[1] as string, letters[3] ?? '']
    const changed = (letter: string, now: boolean): boolean => (on.includes(letter) || now) && !off.includes(letter)
    return {
      ignoreCase: changed('i', this.#flags.ignoreCase),
      dotMatchesLineFeed: changed('s', this.#flags.dotMatchesLineFeed),
    }
  }

  /** `\Q...\E`: as it stands. The last character alone is what a repetition after it repeats. */
  #quotation(): Expression | null {
    const end = this.#source.indexOf('\\E', this.#position)
    const characters = Array.from(this.#source.slice(this.#position, end < 0 ? undefined : end))
    this.#position = end < 0 ? this.#source.length : end + 2
    const last = characters.pop()
    if (last === undefined) return null
    const repeated = this.#repeated(this.#literal(last))
    return { type: 'sequence', parts: [...characters.map((character) => this.#literal(character)), repeated] }
  }

  #escape(): Expression {
    if (this.#takes('A')) return { type: 'assertion', assertion: 'start' }
    if (this.#takes('z')) return { type: 'assertion', assertion: 'end' }
    if (this.#takes('b')) return { type: 'assertion', assertion: 'word-boundary' }
    if (this.#takes('B')) return { type: 'assertion', assertion: 'no-word-boundary' }
    if (this.#takes('C')) return this.#characters(ANY_CHARACTER)
    const set = this.#escapedClass()
    return set === null ? this.#code(this.#escapedCode()) : this.#characters(set)
  }

  #bracket(): CharacterSet {
    const isNegated = this.#takes('^')
    const sets: CharacterSet[] = []
    // A closing bracket that comes first stands for itself.
    for (let isFirst = true; isFirst || !this.#sees(']'); isFirst = false) {
      if (this.#position >= this.#source.length) throw this.#error('missing closing ]')
      sets.push(this.#bracketPart())
    }
    this.#next()
    const set = union(...sets)
    const folded = this.#flags.ignoreCase ? withoutCase(set) : set
    return isNegated ? complement(folded) : folded
  }

  #bracketPart(): CharacterSet {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(this.#position, this.#position + 16))
    if (posix !== null) {
      const set = POSIX_CLASSES.get(posix[2] as string)
      if (set === undefined) throw this.#error(`invalid character class ${posix[0]}`)
      this.#position += posix[0].length
      return posix[1] === '' ? set : complement(set)
    }
    if (this.#sees('\\')) {
      const from = this.#position
      this.#next()
      const set = this.#escapedClass()
      if (set !== null) return set
      this.#position = from
    }
    const first = this.#bracketCode()
    if (!this.#sees('-') || this.#source[this.#position + 1] === ']') return charactersBetween(first, first)
    this.#next()
    const last = this.#bracketCode()
    if (last < first) throw this.#error('invalid range of characters')
    return charactersBetween(first, last)
  }

  #bracketCode(): number {
    if (this.#position >= this.#source.length) throw this.#error('missing closing ]')
    return this.#takes('\\') ? this.#escapedCode() : (this.#next().codePointAt(0) as number)
  }

  /** `\d`, `\pL`, `\p{Greek}` and their complements; null where no class follows the backslash. */
  #escapedClass(): CharacterSet | null {
    const letter = this.#source[this.#position] ?? ''
    const perl = PERL_CLASSES.get(letter.toLowerCase())
    if (perl !== undefined) {
      this.#position += 1
      return letter === letter.toLowerCase() ? perl : complement(perl)
    }
    if (letter !== 'p' && letter !== 'P') return null
    const named = /^[pP](?:\{(\^?)([^}]*)\}|([A-Z]))/.exec(this.#source.slice(this.#position))
    const set = named === null ? null : unicodeClass((named[2] ?? named[3]) as string)
    if (named === null || set === null) throw this.#error('invalid character class range')
    this.#position += named[0].length
    return (letter === 'P') === (named[1] === '^') ? set : complement(set)
  }

  #escapedCode(): number {
    const rest = this.#source.slice(this.#position, this.#position + 16)
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)
    const hexadecimal = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})/.exec(rest)
    if (octal !== null) {
      this.#position += octal[0].length
      return Number.parseInt(octal[0], 8)
    }
    if (hexadecimal !== null) {
      const code = Number.parseInt((hexadecimal[1] ?? hexadecimal[2]) as string, 16)
      if (code > 0x10ffff) throw this.#error('invalid escape sequence')
      this.#position += hexadecimal[0].length
      return code
    }
    const control = 'a\x07f\fn\nr\rt\tv\v'
    const letter = rest[0]
    if (letter === undefined) throw this.#error('trailing backslash at the end of the expression')
    const index = control.indexOf(letter)
    if (index >= 0 && index % 2 === 0) {
      this.#position += 1
      return control.charCodeAt(index + 1)
    }
    // Letters and digits that mean nothing are errors, so that they may come to mean something; so are back references.
    if (/\w/.test(letter) && letter !== '_') throw this.#error(`invalid escape sequence \\${letter}`)
    return this.#next().codePointAt(0) as number
  }

  #literal(character: string): Expression {
    return this.#code(character.codePointAt(0) as number)
  }

  #code(code: number): Expression {
    return this.#characters(charactersBetween(code, code))
  }

  #characters(set: CharacterSet): Expression {
    return { type: 'characters', set: this.#flags.ignoreCase ? withoutCase(set) : set }
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#position)
  }

  #takes(text: string): boolean {
    if (!this.#sees(text)) return false
    this.#position += text.length
    return true
  }

  #next(): string {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#position) as number)
    this.#position += character.length
    return character
  }

  #error(what: string): ExpressionError {
    return new ExpressionError(`${what} at character ${this.#position + 1}`)
  }
}
