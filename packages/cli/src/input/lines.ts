/** Cuts bytes into lines. The line break is "\n" and belongs to no line; a last line may lack it. */
import { InputError } from '../errors.ts'
import { concatenated } from '../process/bytes.ts'

/** Lines longer than this are no records for any broker. */
const LINE_BYTES_MAX = 64 * 1024 * 1024
const NEWLINE = 10

/** For each piece of input the lines that it completes, without copies where it can. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  let count = 0
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  const add = (part: Uint8Array): void => {
    pendingBytes += part.length
    if (pendingBytes > LINE_BYTES_MAX) throw new InputError(`line ${count + 1} is longer than ${LINE_BYTES_MAX} bytes`)
    if (part.length > 0) pending.push(part)
  }
  const take = (): Uint8Array => {
    const [only] = pending
    const line = pending.length === 1 && only !== undefined ? only : concatenated(pending)
    pending = []
    pendingBytes = 0
    count += 1
    return line
  }
  for await (const chunk of chunks) {
    const lines: Uint8Array[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end))
      lines.push(take())
      start = end + 1
    }
    add(chunk.subarray(start))
    if (lines.length > 0) yield lines
  }
  if (pendingBytes > 0) yield [take()]
}
