/**
 * Broken invariants: the third kind of error, the one nobody catches. A process that finds its own state impossible stops
 * and comes back through recovery, because going on would spread the damage. Expected failures never come through here.
 */
export class InvariantError extends Error {
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(message)
    this.name = 'InvariantError'
    this.invariant = invariant
  }
}

/**
 * Throws unless `condition` holds. `name` is the invariant as a claim ("recoveryPoint <= logEndOffset"); `values` are what
 * the reader of a crash report needs. Pass an object only where its allocation does not matter.
 */
export function invariant(condition: boolean, name: string, values?: Readonly<Record<string, unknown>>): asserts condition {
  if (!condition) throw new InvariantError(name, describe(name, values))
}

/** For the default arm of a switch over a closed union: a new member does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new InvariantError('unreachable', describe('unreachable', { value }))
}

function describe(name: string, values: Readonly<Record<string, unknown>> | undefined): string {
  if (values === undefined) return `invariant broken: ${name}`
  const parts = Object.entries(values).map(([key, value]) => `${key}=${String(value)}`)
  return `invariant broken: ${name} (${parts.join(', ')})`
}
