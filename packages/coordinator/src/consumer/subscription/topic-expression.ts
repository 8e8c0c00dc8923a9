/**
 * A regular expression over topic names: which topics a member subscribes to that gives a pattern instead of names. The whole name
 * has to match.
 *
 * The expression becomes a small program whose threads walk through a name side by side (Thompson's construction), so that no
 * expression takes more than its length times the name's. A client chooses the expression and anybody may create topics, so the
 * steps for all names together are bounded as well.
 */
import { type CharacterSet, hasCharacter, WORD_CHARACTERS } from './character-set.ts'
import { type Assertion, type Expression, ExpressionError, parseExpression } from './expression-syntax.ts'

/** Characters. It is the key of a record, which holds no more; and it would be a list of topics, which has its own field. */
const LENGTH_MAX = 10_000
/** Instructions, and steps in making them. */
const PROGRAM_MAX = 10_000
/** Steps that the names may take together: on average as many as this each. `^orders-.*` takes about two for each character. */
const STEPS_PER_NAME = 2_000
const STEPS_MIN = 1_000_000

type Instruction =
  | { readonly type: 'characters'; readonly set: CharacterSet }
  | { readonly type: 'assertion'; readonly assertion: Assertion }
  /** Goes on at both. */
  | { readonly type: 'fork'; readonly first: number; readonly second: number }
  | { readonly type: 'accept' }

export interface TopicExpression {
  readonly source: string
  /** The names that match, ascending; null when the bound on steps was hit. */
  matching(names: readonly string[]): string[] | null
}

/** Throws `ExpressionError`. */
export function compileTopicExpression(source: string): TopicExpression {
  if (source.length > LENGTH_MAX) throw new ExpressionError(`expression is longer than ${LENGTH_MAX} characters`)
  const program = new Assembler().assemble(parseExpression(source))
  return {
    source,
    matching(names) {
      const matcher = new Matcher(program, Math.max(STEPS_MIN, names.length * STEPS_PER_NAME))
      const matching: string[] = []
      for (const name of names) {
        const isMatch = matcher.matches(name)
        if (isMatch === null) return null
        if (isMatch) matching.push(name)
      }
      return matching.sort()
    },
  }
}

class Assembler {
  readonly #program: Instruction[] = []
  #steps = 0

  assemble(expression: Expression): readonly Instruction[] {
    this.#add(expression)
    this.#program.push({ type: 'accept' })
    return this.#program
  }

  #add(expression: Expression): void {
    this.#steps += 1
    if (this.#steps > PROGRAM_MAX || this.#program.length > PROGRAM_MAX) throw new ExpressionError('expression is too large')
    switch (expression.type) {
      case 'characters':
      case 'assertion':
        this.#program.push(expression)
        break
      case 'sequence':
        for (const part of expression.parts) this.#add(part)
        break
      case 'choice':
        this.#addChoice(expression.options)
        break
      case 'repeat':
        this.#addRepeat(expression.part, expression.min, expression.max)
        break
    }
  }

  #addChoice(options: readonly Expression[]): void {
    const ends: number[] = []
    for (const [index, option] of options.entries()) {
      if (index === options.length - 1) this.#add(option)
      else {
        const fork = this.#reserve()
        this.#add(option)
        ends.push(this.#reserve())
        this.#program[fork] = { type: 'fork', first: fork + 1, second: this.#program.length }
      }
    }
    const end = this.#program.length
    for (const position of ends) this.#program[position] = { type: 'fork', first: end, second: end }
  }

  #addRepeat(part: Expression, min: number, max: number | null): void {
    for (let count = 0; count < min; count += 1) this.#add(part)
    if (max === null) {
      const fork = this.#reserve()
      this.#add(part)
      this.#program.push({ type: 'fork', first: fork, second: fork })
      this.#program[fork] = { type: 'fork', first: fork + 1, second: this.#program.length }
      return
    }
    const forks: number[] = []
    for (let count = min; count < max; count += 1) {
      forks.push(this.#reserve())
      this.#add(part)
    }
    for (const fork of forks) this.#program[fork] = { type: 'fork', first: fork + 1, second: this.#program.length }
  }

  /** A place for an instruction whose targets are not known yet. */
  #reserve(): number {
    this.#program.push({ type: 'accept' })
    return this.#program.length - 1
  }
}

class Matcher {
  readonly #program: readonly Instruction[]
  /** By instruction, the last round in which a thread stood on it: no two threads of a round stand on the same. */
  readonly #reachedIn: Uint32Array
  #round = 0
  #stepsLeft: number
  /** Threads that wait for a character. */
  #waiting: number[] = []
  #isAccepted = false

  constructor(program: readonly Instruction[], steps: number) {
    this.#program = program
    this.#reachedIn = new Uint32Array(program.length)
    this.#stepsLeft = steps
  }

  /** Null when the steps are used up. */
  matches(name: string): boolean | null {
    this.#startRound()
    this.#reach(0, name, 0)
    for (let position = 0; position < name.length && this.#waiting.length > 0; position += 1) {
      const threads = this.#waiting
      const code = name.charCodeAt(position)
      this.#startRound()
      for (const thread of threads) {
        const instruction = this.#program[thread] as Instruction
        if (instruction.type === 'characters' && hasCharacter(instruction.set, code)) this.#reach(thread + 1, name, position + 1)
      }
      if (this.#stepsLeft <= 0) return null
    }
    return this.#isAccepted
  }

  #startRound(): void {
    this.#round += 1
    this.#waiting = []
    this.#isAccepted = false
  }

  /** Puts a thread on an instruction, and on all that it comes to without taking a character. */
  #reach(start: number, name: string, position: number): void {
    const stack = [start]
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (this.#reachedIn[at] === this.#round) continue
      this.#reachedIn[at] = this.#round
      this.#stepsLeft -= 1
      const instruction = this.#program[at] as Instruction
      if (instruction.type === 'characters') this.#waiting.push(at)
      else if (instruction.type === 'fork') stack.push(instruction.second, instruction.first)
      else if (instruction.type === 'accept') this.#isAccepted = position === name.length
      else if (holds(instruction.assertion, name, position)) stack.push(at + 1)
    }
  }
}

function holds(assertion: Assertion, name: string, position: number): boolean {
  switch (assertion) {
    case 'start':
      return position === 0
    case 'end':
      return position === name.length
    case 'word-boundary':
      return isWordAt(name, position - 1) !== isWordAt(name, position)
    case 'no-word-boundary':
      return isWordAt(name, position - 1) === isWordAt(name, position)
  }
}

function isWordAt(name: string, position: number): boolean {
  return position >= 0 && position < name.length && hasCharacter(WORD_CHARACTERS, name.charCodeAt(position))
}
