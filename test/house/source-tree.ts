/** The files of the repository, for tests that read the source itself. Walked, not asked of git: a downloaded archive has none. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What is made, not written. */
const MADE = new Set(['.git', 'node_modules', 'dist', 'coverage', 'data'])

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Every file whose path fits, read, in the order of paths. */
export function sourceFiles(fits: RegExp): readonly SourceFile[] {
  return pathsUnder('')
    .filter((path) => fits.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

function pathsUnder(directory: string): readonly string[] {
  const entries = readdirSync(join(ROOT, directory), { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`
    if (entry.isDirectory()) return isMade(path, entry.name) ? [] : pathsUnder(path)
    return entry.isFile() ? [path] : []
  })
}

/** `data` is a broker's directory at the root only; further down it may be a word like any other. */
function isMade(path: string, name: string): boolean {
  return MADE.has(name) && (name !== 'data' || path === name)
}
