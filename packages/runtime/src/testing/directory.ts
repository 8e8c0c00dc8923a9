/** For tests: a directory of the real disk that is gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function temporaryDirectory(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'millrace-runtime-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
