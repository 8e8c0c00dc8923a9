/** Reads the source itself, as a stranger would, and complains. */
import { describe, expect, it } from 'vitest'
import { sourceFiles } from './source-tree.ts'
import { tidyComplaints } from './tidy-rules.ts'

const TEXT = /\.(ts|mjs|js|json|md|sh|yml|yaml|txt)$|(^|\/)(\.npmrc|\.gitignore|run)$/

it('no file of the house is untidy', () => {
  const files = sourceFiles(TEXT)
  expect(files.length).toBeGreaterThan(100)
  expect(files.flatMap(tidyComplaints)).toEqual([])
})

const HEADER = '/** A file. */\n'
const later = 'TO' + 'DO'

describe('a planted flaw is found', () => {
  it.each([
    ['packages/log/src/a.ts', `${HEADER}// ${'x'.repeat(140)}\n`, 'a line is too long'],
    ['packages/log/src/a.ts', `${HEADER}// ${later}: finish\n`, 'work is left for later'],
    ['packages/log/src/a.test.ts', `it${'.on'}ly('runs', () => {})\n`, 'only one test would run'],
    ['packages/log/src/a.ts', `${HEADER}// @ts-ignore because\n`, 'a check is switched off'],
    ['packages/log/src/a.ts', `${HEADER}const now = new Date()\n`, 'the clock is read past its port'],
    ['packages/log/src/a.ts', `${HEADER}const fs = await import('node:fs')\n`, 'Node is loaded past the import rules'],
    ['docs/a.md', `see ${'/ho'}me/somebody/notes\n`, 'a path belongs to one machine'],
    ['package-lock.json', `"resolved": "https://${'regis'}try.example.org/a.tgz"\n`, 'a package registry is named'],
    ['docs/a.md', 'text  \n', 'a line ends in spaces'],
    ['packages/log/src/a.ts', HEADER + '\n'.repeat(400), 'it is probably two concepts'],
    ['packages/log/src/a.ts', 'export const a = 1\n', 'does not begin with a comment'],
    ['packages/log/src/utils.ts', HEADER, 'is not named for what it does'],
    ['docs/a.md', 'text', "does not end with a line's end"],
  ])('%s: %j', (path, text, complaint) => {
    expect(tidyComplaints({ path, text }).join('\n')).toContain(complaint)
  })

  it('and a tidy file has none', () => {
    expect(tidyComplaints({ path: 'packages/log/src/segment.ts', text: `${HEADER}export const a = 1\n` })).toEqual([])
  })
})
