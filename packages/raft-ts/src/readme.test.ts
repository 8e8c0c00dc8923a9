/** The example in the README is the one that is compiled and run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runExample } from './testing/example/run-example.ts'

const README = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
const EXAMPLE = join(import.meta.dirname, 'testing', 'example')

it.each(['memory-group.ts', 'run-example.ts'])('%s stands in the README as it is', (file) => {
  const source = readFileSync(join(EXAMPLE, file), 'utf8')
  expect(README).toContain(`\`\`\`ts\n// ${file}\n${source}\`\`\`\n`)
})

it('the example prints what the README says', () => {
  const lines: string[] = []
  runExample((line) => lines.push(line))
  expect(README).toContain(`\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`)
  expect(lines).toHaveLength(5)
})
