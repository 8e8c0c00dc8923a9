/**
 * Much real text: the sources of what is installed here, over and over. Every line is a record; empty ones are left out, for
 * kcat does not send them, and so are files with lines as long as programs.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const SOURCE_NAMES = /\.(ts|mts|js|mjs|cjs|md|json)$/
const LINE_BYTES_MAX = 20_000
const MEBIBYTE = 1024 * 1024
/** What is repeated when it does not suffice. */
const DISTINCT_BYTES_MAX = 256 * MEBIBYTE

export interface Corpus {
  readonly path: string
  readonly bytes: number
  readonly lines: number
  readonly sha256: string
}

/** Size of the text that the suite sends through, in bytes. */
export const corpusBytes: number = Number(process.env['MILLRACE_CONFORMANCE_MB'] ?? 16) * MEBIBYTE

/** Writes at least `bytes` of text, in whole lines. */
export function writeCorpus(path: string, bytes: number): Corpus {
  const pieces = distinctPieces(Math.min(bytes, DISTINCT_BYTES_MAX))
  const hash = createHash('sha256')
  const file = openSync(path, 'w')
  let written = 0
  let lines = 0
  for (let index = 0; written < bytes; index++) {
    const piece = pieces[index % pieces.length] as Buffer
    writeSync(file, piece)
    hash.update(piece)
    written += piece.length
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines++
  }
  closeSync(file)
  return { path, bytes: written, lines, sha256: hash.digest('hex') }
}

function distinctPieces(bytes: number): readonly Buffer[] {
  const pieces: Buffer[] = []
  let found = 0
  for (const path of sourceFiles(SOURCES)) {
    const text = readFileSync(path, 'utf8')
      .replace(/\n\n+/g, '\n')
      .replace(/^\n|\n$/g, '')
    if (text === '' || text.includes('\0') || text.split('\n').some((line) => line.length > LINE_BYTES_MAX)) continue
    const piece = Buffer.from(`${text}\n`)
    pieces.push(piece)
    found += piece.length
    if (found >= bytes) break
  }
  if (pieces.length === 0) throw new Error(`there is no text in ${SOURCES}`)
  return pieces
}

function* sourceFiles(directory: string): Generator<string> {
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory() === true && name !== '@millrace') yield* sourceFiles(path)
    else if (found?.isFile() === true && SOURCE_NAMES.test(name)) yield path
  }
}
