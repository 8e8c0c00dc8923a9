/**
 * The packages as their manifests declare them: arrows point down, and a package depends on exactly what its sources name.
 * The linter says who may import whom; this holds the manifests and the compiler's references to the same map.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, sourceFiles } from './source-tree.ts'

/** From the bottom up: each package may stand on those it names, which stand above it in this list. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  'raft-ts': [],
  runtime: ['protocol'],
  metadata: ['protocol'],
  coordinator: ['protocol'],
  log: ['protocol', 'runtime'],
  client: ['protocol', 'runtime'],
  controller: ['log', 'metadata', 'protocol', 'raft-ts', 'runtime'],
  broker: ['coordinator', 'log', 'metadata', 'protocol', 'runtime'],
  server: ['broker', 'controller', 'log', 'metadata', 'protocol', 'runtime'],
  cli: ['client', 'server'],
  simulator: ['broker', 'client', 'controller', 'log', 'metadata', 'protocol', 'runtime', 'server'],
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly type: string
  readonly engines: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const names = Object.keys(ARROWS)

/** Raft is of use without the house, and has no part of its name. */
const packageName = (name: string): string => (name === 'raft-ts' ? name : `@millrace/${name}`)
const root = readJson('package.json') as Manifest

it('every package is on the map, and no other', () => {
  expect(readdirSync(join(ROOT, 'packages')).toSorted()).toEqual(names.toSorted())
})

it('the map points down only', () => {
  names.forEach((name, height) => {
    for (const below of ARROWS[name] ?? []) expect(names.indexOf(below), `${name} -> ${below}`).toBeLessThan(height)
  })
})

it('the compiler builds every package', () => {
  const { references } = readJson('tsconfig.build.json') as { readonly references: readonly { readonly path: string }[] }
  expect(references.map(({ path }) => path).toSorted()).toEqual(names.map((name) => `packages/${name}/tsconfig.build.json`).toSorted())
})

describe.each(names)('%s', (name) => {
  const manifest = readJson(`packages/${name}/package.json`) as Manifest
  const declared = { ...manifest.dependencies, ...manifest.optionalDependencies }
  const siblings = Object.keys(declared).filter((dependency) => names.some((each) => packageName(each) === dependency))
  const sources = sourceFiles(new RegExp(`^packages/${name}/src/.*\\.ts$`))
  const shipped = sources.filter(({ path }) => !/\.test\.ts$|\/testing\//.test(path))

  it('stands on nothing but what lies below it', () => {
    const allowed = (ARROWS[name] ?? []).map(packageName)
    expect(siblings.filter((sibling) => !allowed.includes(sibling))).toEqual([])
  })

  it('tells the compiler what it tells npm', () => {
    const { references } = readJson(`packages/${name}/tsconfig.build.json`) as { readonly references: readonly { readonly path: string }[] }
    expect(references.map(({ path }) => packageName(path.replace('../', '').replace('/tsconfig.build.json', ''))).toSorted()).toEqual(
      siblings.toSorted(),
    )
  })

  it('declares what it imports', () => {
    const imported = new Set(shipped.flatMap(({ text }) => importedPackages(text)))
    imported.delete(manifest.name)
    expect([...imported].filter((dependency) => declared[dependency] === undefined)).toEqual([])
  })

  it.skipIf(shipped.length === 0)('imports what it declares', () => {
    const named = (dependency: string): boolean => shipped.some(({ text }) => text.includes(`'${dependency}'`))
    expect(Object.keys(declared).filter((dependency) => !named(dependency))).toEqual([])
  })

  it('pins every version, and runs on the Node the house runs on', () => {
    expect(Object.entries(declared).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
    expect(manifest).toMatchObject({ type: 'module', license: 'Apache-2.0', engines: { node: '>=24' } })
  })

  it('is read as source here and as a build elsewhere', () => {
    const main = { '@millrace/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' }
    expect(manifest.exports?.['.']).toEqual(main)
    expect(Object.keys(manifest.exports?.['.'] ?? {})[0]).toBe('@millrace/source')
  })

  it('tests with nothing that is not installed on purpose', () => {
    const tests = sources.filter((file) => !shipped.includes(file))
    const imported = new Set(tests.flatMap(({ text }) => importedPackages(text)))
    const known = { ...declared, ...manifest.devDependencies, ...root.devDependencies }
    expect([...imported].filter((dependency) => dependency !== manifest.name && known[dependency] === undefined)).toEqual([])
  })
})

/** Whatever a source imports, exports from or loads, without files and Node's own modules. */
function importedPackages(text: string): readonly string[] {
  const imports = text.matchAll(/^(?:import|export)\b[^'"`;]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm)
  return [...imports]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    )
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}
