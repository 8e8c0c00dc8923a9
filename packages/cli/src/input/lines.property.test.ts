import fc from 'fast-check'
import { expect, it } from 'vitest'
import { linesOf } from './lines.ts'

async function* pieces(content: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let position = 0
  for (const cut of cuts) {
    yield content.subarray(position, position + cut)
    position = Math.min(content.length, position + cut)
  }
  yield content.subarray(position)
}

async function linesIn(content: Uint8Array, cuts: readonly number[] = []): Promise<string[]> {
  const lines: string[] = []
  for await (const some of linesOf(pieces(content, cuts))) for (const line of some) lines.push(new TextDecoder().decode(line))
  return lines
}

it('gives back the lines, however the input is cut', async () => {
  const line = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', ''))
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(15)), async (lines, cuts) => {
      const content = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(''))
      expect(await linesIn(content, cuts)).toEqual(lines)
    }),
  )
})

it.each([
  ['', []],
  ['\n', ['']],
  ['a', ['a']],
  ['a\n\nb', ['a', '', 'b']],
  ['a\r\n', ['a\r']],
])('%j has its lines', async (text, lines) => {
  expect(await linesIn(new TextEncoder().encode(text))).toEqual(lines)
})

it('refuses a line that no broker would take, instead of collecting it', async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(10)
    for (;;) yield new Uint8Array(8 * 1024 * 1024).fill(65)
  }
  const reading = (async () => {
    for await (const some of linesOf(endless())) void some
  })()
  await expect(reading).rejects.toThrow('line 2 is longer than 67108864 bytes')
})
