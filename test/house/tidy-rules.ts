/** What a file's text must not have and the linter cannot say. Each rule gives complaints, one a line, empty when all is well. */
import type { SourceFile } from './source-tree.ts'

const LINE_CHARACTERS_MAX = 140
const FILE_LINES_MAX = 400

interface LineRule {
  readonly name: string
  readonly appliesTo: RegExp
  readonly exceptTo?: RegExp
  readonly finds: RegExp
}

const CODE = /\.(ts|mjs|js)$/
const SHIPPED = /^packages\/.*\.ts$/
const TEST = /(\.test\.ts|\/testing\/[^/]+\.ts)$/
const ANY = /(?:)/

/** Words that would make this file complain about itself are put together. */
const words = (...parts: readonly string[]): string => parts.join('')

const LINE_RULES: readonly LineRule[] = [
  { name: 'a line is too long', appliesTo: /\.(ts|mjs|js|sh|yml|yaml)$/, finds: new RegExp(`^.{${LINE_CHARACTERS_MAX + 1},}`, 'u') },
  {
    name: 'work is left for later',
    appliesTo: ANY,
    finds: new RegExp(`\\b(${words('TO', 'DO')}|${words('FIX', 'ME')}|${words('X', 'XX')})\\b`),
  },
  { name: 'only one test would run', appliesTo: TEST, finds: /\b(it|test|describe)\.only\b/ },
  {
    name: 'a check is switched off',
    appliesTo: CODE,
    exceptTo: /^test\/house\//,
    finds: /@ts-(ignore|nocheck|expect-error)|(ox|es)lint-disable|biome-ignore/,
  },
  {
    name: 'the clock is read past its port',
    appliesTo: SHIPPED,
    exceptTo: /^packages\/runtime\/src\/node\/|\.test\.ts$/,
    finds: /\bnew Date\(\)|\bDate\(\)/,
  },
  {
    name: 'Node is loaded past the import rules',
    appliesTo: SHIPPED,
    exceptTo: /^packages\/(runtime|cli)\/|\.test\.ts$/,
    finds: /\bimport\(\s*['"`]node:|process\.getBuiltinModule|createRequire/,
  },
  {
    name: 'a path belongs to one machine',
    appliesTo: ANY,
    finds: new RegExp(`(^|[\\s"'\`=(:])/(${['home', 'Users', 'root', words('wo', 'rk')].join('|')})/\\w`),
  },
  {
    name: 'a package registry is named',
    appliesTo: ANY,
    exceptTo: /\.md$/,
    finds: new RegExp(words('https?://[^\\s"]*(regis', 'try|art', 'ifactory|nex', 'us|ver', 'daccio)[^\\s"]*')),
  },
  { name: 'a line ends in spaces', appliesTo: /\.(ts|mjs|js|json|md|sh|yml|yaml|txt)$/, exceptTo: /^test\/golden\//, finds: /[ \t]+$/ },
]

export function tidyComplaints(file: SourceFile): readonly string[] {
  return [...lineComplaints(file), ...fileComplaints(file)]
}

function lineComplaints({ path, text }: SourceFile): readonly string[] {
  const rules = LINE_RULES.filter(({ appliesTo, exceptTo }) => appliesTo.test(path) && exceptTo?.test(path) !== true)
  return text.split('\n').flatMap((line, index) => {
    return rules.filter(({ finds }) => finds.test(line)).map(({ name }) => `${path}:${index + 1}: ${name}`)
  })
}

function fileComplaints({ path, text }: SourceFile): readonly string[] {
  const complaints: string[] = []
  const isTest = TEST.test(path)
  if (CODE.test(path)) {
    const lines = text.split('\n').length - 1
    if (!isTest && lines > FILE_LINES_MAX) complaints.push(`${path}: ${lines} lines; above ${FILE_LINES_MAX} it is probably two concepts`)
    if (!isTest && !/^(#!.*\n)?\/\*\*/.test(text)) complaints.push(`${path}: does not begin with a comment for a stranger`)
    if (/(^|\/)(utils?|helpers?|types|common|misc)(\/|\.ts$)/.test(path)) complaints.push(`${path}: is not named for what it does`)
  }
  if (/\.(ts|json|md|sh)$/.test(path) && !path.startsWith('test/golden/') && text !== '' && !text.endsWith('\n')) {
    complaints.push(`${path}: does not end with a line's end`)
  }
  return complaints
}
