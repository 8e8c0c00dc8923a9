import { describe, expect, it } from 'vitest'
import { FakeIo } from '../testing/fake-io.ts'
import { Progress } from './progress.ts'

describe('progress', () => {
  it('is drawn over itself on a terminal, and taken away at the end', () => {
    const io = new FakeIo({ terminals: ['stderr'] })
    const progress = new Progress(io, 'sent', true)
    progress.add(1_500, 3_000_000)
    io.tick(500)
    progress.add(500, 1_000_000)
    io.tick(500)
    progress.end()
    expect(io.stderr.text.split('\r\u001b[K')).toEqual([
      '',
      '1,500 records sent, 3.0 MB (3,000/s, 6.0 MB/s)',
      '2,000 records sent, 4.0 MB (2,000/s, 4.0 MB/s)',
      '',
    ])
    expect(io.isTicking).toBe(false)
  })

  it.each([
    ['nobody looks', [], true],
    ['nobody wants it', ['stderr'], false],
  ] as const)('is only counted when %s', (_, terminals, isShown) => {
    const io = new FakeIo({ terminals })
    const progress = new Progress(io, 'sent', isShown)
    progress.add(1, 2)
    io.tick(1_000)
    progress.end()
    expect(io.stderr.text).toBe('')
    expect([progress.records, progress.bytes, progress.elapsedMs]).toEqual([1, 2, 1_000])
  })
})
