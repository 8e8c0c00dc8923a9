/** The documents say what is: every file they link to exists, and every command they name can be run. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, sourceFiles } from './source-tree.ts'

/** In the template of a decision. */
const PLACEHOLDER = /NNNN/

const documents = sourceFiles(/\.md$/)
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly scripts: Readonly<Record<string, string>> }

it.each(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/glossary.md'])('%s is there', (path) => {
  expect(documents.map((document) => document.path)).toContain(path)
})

describe.each(documents.map((document) => [document.path, document.text] as const))('%s', (path, text) => {
  it('links to what exists', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '').filter((link) => !/^(https?:|mailto:|#)/.test(link))
    const missing = links.filter((link) => !existsSync(join(ROOT, normalize(join(dirname(path), link.replace(/#.*$/, ''))))))
    expect(missing.filter((link) => !PLACEHOLDER.test(link))).toEqual([])
  })

  it('names scripts that exist', () => {
    const named = [...text.matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g)].map((match) => match[1] ?? '')
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
  })
})
