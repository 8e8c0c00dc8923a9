/**
 * Plants one violation per rule of the house in a copy of its floor plan and sees the linter refuse it, so that a rule
 * cannot silently stop working; and plants what is allowed, so that a rule cannot silently forbid it.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from './source-tree.ts'

const IMPORTS = 'eslint(no-restricted-imports)'
const GLOBALS = 'eslint(no-restricted-globals)'
const PROPERTIES = 'eslint(no-restricted-properties)'

const importOf = (name: string): string => `import * as it from '${name}'\nexport const used = it\n`

const REFUSED: readonly (readonly [path: string, source: string, rule: string])[] = [
  ['packages/protocol/src/a.ts', importOf('@millrace/runtime'), IMPORTS],
  ['packages/protocol/src/b.ts', importOf('node:util'), IMPORTS],
  ['packages/raft-ts/src/a.ts', importOf('@millrace/runtime'), IMPORTS],
  ['packages/raft-ts/src/b.ts', importOf('node:crypto'), IMPORTS],
  ['packages/runtime/src/a.ts', importOf('@millrace/log'), IMPORTS],
  ['packages/runtime/src/node/a.ts', importOf('@millrace/broker'), IMPORTS],
  ['packages/runtime/src/b.ts', importOf('node:fs'), IMPORTS],
  ['packages/metadata/src/a.ts', importOf('@millrace/runtime'), IMPORTS],
  ['packages/coordinator/src/a.ts', importOf('@millrace/runtime'), IMPORTS],
  ['packages/log/src/a.ts', importOf('@millrace/metadata'), IMPORTS],
  ['packages/log/src/deep/b.ts', importOf('node:fs'), IMPORTS],
  ['packages/log/src/c.ts', importOf('node:fs/promises'), IMPORTS],
  ['packages/log/src/d.ts', importOf('@millrace/protocol/src/records/index.ts'), IMPORTS],
  ['packages/log/src/e.ts', importOf('../../protocol/src/index.ts'), IMPORTS],
  ['packages/log/src/f.ts', "export { thing } from '@millrace/broker'\n", IMPORTS],
  ['packages/log/src/g.ts', "import type { Thing } from '@millrace/broker'\nexport type Used = Thing\n", IMPORTS],
  ['packages/client/src/a.ts', importOf('@millrace/broker'), IMPORTS],
  ['packages/client/src/b.ts', importOf('node:net'), IMPORTS],
  ['packages/controller/src/a.ts', importOf('@millrace/broker'), IMPORTS],
  ['packages/controller/src/core/b.ts', importOf('@millrace/runtime'), IMPORTS],
  ['packages/controller/src/core/d.ts', importOf('raft-ts'), IMPORTS],
  ['packages/controller/src/core/c.ts', importOf('../shell/controller.ts'), IMPORTS],
  ['packages/broker/src/a.ts', importOf('@millrace/controller'), IMPORTS],
  ['packages/broker/src/b.ts', importOf('node:net'), IMPORTS],
  ['packages/broker/src/c.ts', importOf('@millrace/server'), IMPORTS],
  ['packages/broker/src/d.ts', importOf('raft-ts'), IMPORTS],
  ['packages/server/src/a.ts', importOf('@millrace/cli'), IMPORTS],
  ['packages/server/src/b.ts', importOf('node:fs'), IMPORTS],
  ['packages/cli/src/a.ts', importOf('@millrace/broker'), IMPORTS],
  ['packages/cli/src/b.ts', importOf('node:fs'), IMPORTS],
  ['packages/log/src/h.test.ts', importOf('../../protocol/src/index.ts'), IMPORTS],

  ['packages/log/src/now.ts', 'export const now = Date.now()\n', PROPERTIES],
  ['packages/log/src/random.ts', 'export const chance = Math.random()\n', PROPERTIES],
  ['packages/log/src/timer.ts', 'setTimeout(() => undefined, 1)\n', GLOBALS],
  ['packages/log/src/interval.ts', 'setInterval(() => undefined, 1)\n', GLOBALS],
  ['packages/log/src/immediate.ts', 'setImmediate(() => undefined)\n', GLOBALS],
  ['packages/broker/src/process.ts', 'export const args = process.argv\n', GLOBALS],
  ['packages/broker/src/elapsed.ts', 'export const now = performance.now()\n', GLOBALS],
  ['packages/broker/src/uuid.ts', 'export const id = crypto.randomUUID()\n', GLOBALS],
  ['packages/log/src/bytes.ts', "export const bytes = Buffer.from('a')\n", GLOBALS],
  ['packages/server/src/environment.ts', 'export const home = process.env\n', GLOBALS],
  ['packages/cli/src/commands/exit.ts', 'process.exit(1)\n', GLOBALS],
  ['packages/broker/src/print.ts', "console.log('here')\n", 'eslint(no-console)'],

  ['packages/log/src/default.ts', 'export default 1\n', 'import(no-default-export)'],
  ['packages/log/src/any.ts', 'export const thing: any = 1\n', 'typescript(no-explicit-any)'],
  ['packages/log/src/loose.ts', 'export const same = (a: number, b: number): boolean => a == b\n', 'eslint(eqeqeq)'],
  ['packages/log/src/cycle-a.ts', "import { b } from './cycle-b.ts'\nexport const a = (): number => b()\n", 'import(no-cycle)'],
  ['packages/log/src/cycle-b.ts', "import { a } from './cycle-a.ts'\nexport const b = (): number => a()\n", 'import(no-cycle)'],
  ['packages/log/src/lost.ts', 'const later = async (): Promise<void> => {}\nlater()\n', 'typescript(no-floating-promises)'],
]

const ALLOWED: readonly (readonly [path: string, source: string])[] = [
  ['packages/log/src/ok.ts', importOf('@millrace/protocol') + "export { thing } from '@millrace/runtime'\n"],
  ['packages/controller/src/ok.ts', importOf('raft-ts')],
  ['packages/broker/src/ok.ts', importOf('@millrace/log') + "export { thing } from './deep/other.ts'\n"],
  ['packages/server/src/ok.ts', importOf('@millrace/controller') + "export { join } from 'node:path'\n"],
  ['packages/cli/src/main.ts', importOf('@millrace/client') + "process.exitCode = 1\nconsole.log('bye')\n"],
  ['packages/runtime/src/node/ok.ts', importOf('node:net') + 'setTimeout(() => undefined, Date.now())\n'],
  ['packages/runtime/src/compression/ok.ts', importOf('node:zlib')],
  ['packages/log/src/ok.test.ts', importOf('node:fs') + 'export const now = Date.now()\n'],
  ['packages/log/src/testing/ok.ts', importOf('node:fs')],
  ['bench/ok.ts', importOf('node:net') + 'console.log(Date.now(), process.argv)\n'],
]

let directory: string
let findings: readonly { readonly path: string; readonly rule: string }[]

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-house-'))
  for (const file of ['.oxlintrc.json', 'tsconfig.base.json', 'package.json']) copyFileSync(join(ROOT, file), join(directory, file))
  const inputs = { extends: './tsconfig.base.json', compilerOptions: { noEmit: true }, include: ['packages', 'bench'] }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(inputs))
  for (const [path, source] of [...REFUSED, ...ALLOWED]) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), source)
  }
  findings = lint(directory)
}, 60_000)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the linter', () => {
  it.each(REFUSED)('refuses %s', (path, _source, rule) => {
    expect(findings.filter((finding) => finding.path === path).map((finding) => finding.rule)).toContain(rule)
  })

  it.each(ALLOWED)('allows %s', (path) => {
    expect(findings.filter((finding) => finding.path === path)).toEqual([])
  })
})

function lint(cwd: string): readonly { readonly path: string; readonly rule: string }[] {
  const command = join(ROOT, 'node_modules/.bin/oxlint')
  let report: string
  try {
    report = execFileSync(command, ['--type-aware', '--format=json'], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    report = (error as { readonly stdout: string }).stdout
  }
  const { diagnostics } = JSON.parse(report) as { diagnostics: readonly { readonly filename: string; readonly code: string }[] }
  return diagnostics.map(({ filename, code }) => ({ path: filename.replaceAll('\\', '/'), rule: code }))
}
