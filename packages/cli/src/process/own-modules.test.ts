import { expect, it } from 'vitest'
import { placeOf } from './own-modules.ts'

it.each([
  ['./b.ts', 'file:///repo/packages/log/src/a.ts', 'file:///repo/packages/log/src/b.ts', 'module-typescript'],
  ['../core/b.ts', 'file:///repo/packages/raft-ts/src/log/a.ts', 'file:///repo/packages/raft-ts/src/core/b.ts', 'module-typescript'],
  ['./b.js', 'file:///repo/packages/cli/dist/a.js', 'file:///repo/packages/cli/dist/b.js', 'module'],
  ['./b.js', 'file:///app/node_modules/@millrace/log/dist/a.js', 'file:///app/node_modules/@millrace/log/dist/b.js', 'module'],
  ['../b.js', 'file:///app/node_modules/millrace/dist/c/a.js', 'file:///app/node_modules/millrace/dist/b.js', 'module'],
])('%s from %s is known', (specifier, parent, url, format) => {
  expect(placeOf(specifier, parent)).toEqual({ url, format })
})

it.each([
  ['a package', '@millrace/log', 'file:///repo/packages/broker/src/a.ts'],
  ["Node's own", 'node:fs', 'file:///repo/packages/broker/src/a.ts'],
  ['what is no module', './data.json', 'file:///repo/packages/broker/src/a.ts'],
  ['what is named without its ending', './lib/error', 'file:///app/node_modules/millrace/dist/a.js'],
  ['another package', './lib/error.js', 'file:///app/node_modules/commander/index.js'],
  ['another package with sources', './b.js', 'file:///app/node_modules/koffi/src/koffi/a.js'],
  ['what nobody imports', './main.js', undefined],
])('%s is left to Node', (_, specifier, parent) => {
  expect(placeOf(specifier, parent)).toBe(null)
})
