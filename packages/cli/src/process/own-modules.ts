/**
 * Tells Node where our own modules are. They name each other by their exact places, and yet Node looks, at each of more than a thousand
 * imports, for links on the way, for the package around the file, and for what kind of file it is.
 *
 * For the process of the command alone, which loads no modules but ours and those that we depend on.
 */
import { registerHooks, type ResolveFnOutput } from 'node:module'

export interface ModulePlace {
  readonly url: string
  readonly format: string
}

/** In the repository, as sources or built, and as packages are installed. Whoever is loaded from there has no links in its path. */
const OURS = /\/(?:packages|@millrace)\/[a-z-]+\/(?:src|dist)\/|\/node_modules\/(?:millrace|raft-ts)\/dist\//
const OUR_NAMES = /^(?:@millrace\/|raft-ts$)/
const FORMATS: ReadonlyMap<string, string> = new Map([
  ['.ts', 'module-typescript'],
  ['.js', 'module'],
])
const EXTENSION_LENGTH = 3

/** Where a module of ours finds what it names by a path; null for all else, which Node has to look for. */
export function placeOf(specifier: string, parentUrl: string | undefined): ModulePlace | null {
  if (!specifier.startsWith('.') || parentUrl === undefined || !OURS.test(parentUrl)) return null
  const format = FORMATS.get(specifier.slice(-EXTENSION_LENGTH))
  return format === undefined ? null : { url: new URL(specifier, parentUrl).href, format }
}

export function findOwnModulesAtOnce(): void {
  /** Our packages, by name. There is one of each, whoever asks. */
  const found = new Map<string, ResolveFnOutput>()
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const place = placeOf(specifier, context.parentURL)
      if (place !== null) return { ...place, shortCircuit: true }
      if (!OUR_NAMES.test(specifier)) return nextResolve(specifier, context)
      const known = found.get(specifier) ?? { ...nextResolve(specifier, context), shortCircuit: true }
      found.set(specifier, known)
      return known
    },
  })
}
