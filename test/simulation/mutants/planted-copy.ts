/** A copy of the house with one bug in it, run by Node as it is: nothing has to be built. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlantedBug, PlantedChange } from './planted-bugs.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')

export interface Verdict {
  /** The seed that found the bug; null when none did. */
  readonly seed: number | null
  /** What it was found by, or why the copy did not run. */
  readonly words: string
}

export interface HuntOptions {
  readonly seeds: number
  readonly firstSeed: number
  /** How often to try to make what found it smaller; where scenarios go that show it. */
  readonly shrink: number
  readonly out: string
  /** Of all runs alike; null: as each seed draws it. */
  readonly stormMs: number | null
}

/** Plants the bug and lets seeds look for it. Rejects when the place for it is not there. */
export async function hunt(bug: PlantedBug, { seeds, firstSeed, shrink, out, stormMs }: HuntOptions): Promise<Verdict> {
  const copy = mkdtempSync(join(tmpdir(), 'millrace-mutant-'))
  try {
    copyHouse(copy)
    plant(copy, bug)
    if (bug.also !== undefined) plant(copy, bug.also)
    const always = bug.with === undefined ? [] : ['--with', bug.with.join(',')]
    const storm = stormMs === null ? [] : ['--storm', String(stormMs)]
    const run = [
      '--profile',
      bug.profile,
      ...always,
      ...storm,
      '--seed',
      String(firstSeed),
      '--runs',
      String(seeds),
      '--shrink',
      String(shrink),
      '--out',
      out,
    ]
    const output = await outputOf(process.execPath, ['--conditions=@millrace/source', 'test/simulation/main.ts', ...run], copy)
    const found = /^seed (\d+) fails: (.*)$/m.exec(output)
    if (found !== null) return { seed: Number(found[1]), words: found[2] ?? '' }
    const hasRun = output.includes(`${seeds} runs, `)
    return { seed: null, words: hasRun ? `${seeds} seeds found nothing` : `the copy did not run: ${output.slice(-2_000)}` }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function copyHouse(copy: string): void {
  const isWanted = (path: string): boolean => !/\.test\.ts$|[\\/](node_modules|dist)$/.test(path)
  for (const name of readdirSync(join(ROOT, 'packages'))) {
    cpSync(join(ROOT, 'packages', name), join(copy, 'packages', name), { recursive: true, filter: isWanted })
  }
  cpSync(join(ROOT, 'test', 'simulation'), join(copy, 'test', 'simulation'), { recursive: true, filter: isWanted })
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'))
  linkModules(copy)
}

/** Our own packages are those of the copy, all others those of the house. */
function linkModules(copy: string): void {
  const modules = join(ROOT, 'node_modules')
  const own = new Map(
    readdirSync(join(copy, 'packages')).map((name) => [nameOf(join(copy, 'packages', name)), join(copy, 'packages', name)]),
  )
  mkdirSync(join(copy, 'node_modules', '@millrace'), { recursive: true })
  for (const [name, path] of own) symlinkSync(path, join(copy, 'node_modules', name))
  for (const name of readdirSync(modules)) {
    if (name !== '@millrace' && !own.has(name)) symlinkSync(join(modules, name), join(copy, 'node_modules', name))
  }
}

function nameOf(directory: string): string {
  return (JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { readonly name: string }).name
}

function plant(copy: string, { file, correct, wrong }: PlantedChange): void {
  const path = join(copy, 'packages', file)
  const [before, after, ...more] = readFileSync(path, 'utf8').split(correct)
  if (before === undefined || after === undefined || more.length > 0) throw new Error(`${file} has to contain once: ${correct}`)
  writeFileSync(path, `${before}${wrong}${after}`)
}

function outputOf(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('close', () => resolve(output))
  })
}
