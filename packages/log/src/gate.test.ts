import { describe, expect, it } from 'vitest'
import { Gate } from './gate.ts'

interface Sync {
  readonly name: string
  end(error?: Error): void
}

function gateWith(limit: number): { readonly running: Sync[]; run(name: string): Promise<void> } {
  const gate = new Gate(limit)
  const running: Sync[] = []
  return {
    running,
    run: (name) =>
      gate.run(
        () =>
          new Promise((resolve, reject) => {
            running.push({ name, end: (error) => (error === undefined ? resolve() : reject(error)) })
          }),
      ),
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a gate', () => {
  it('lets so many through and the others in order', async () => {
    const { running, run } = gateWith(2)
    const done = ['a', 'b', 'c', 'd'].map(run)
    await turn()
    expect(running.map(({ name }) => name)).toEqual(['a', 'b'])
    running[1]?.end()
    await turn()
    expect(running.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    for (let index = 0; index < 4; index += 1) {
      running[index]?.end()
      await turn()
    }
    await Promise.all(done)
    expect(running.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('hands the place on when a sync fails, and the failure to him whose it is', async () => {
    const { running, run } = gateWith(1)
    const first = run('a')
    const second = run('b')
    await turn()
    running[0]?.end(new Error('no device'))
    await expect(first).rejects.toThrow('no device')
    await turn()
    running[1]?.end()
    await second
  })

  it('has its places back when all is done', async () => {
    const { running, run } = gateWith(2)
    for (let round = 0; round < 3; round += 1) {
      const done = ['a', 'b'].map(run)
      await turn()
      for (const sync of running.splice(0)) sync.end()
      await Promise.all(done)
    }
    void run('a')
    void run('b')
    await turn()
    expect(running).toHaveLength(2)
  })

  it('lets nobody slip in before those who wait', async () => {
    const { running, run } = gateWith(1)
    void run('a')
    void run('b')
    await turn()
    running[0]?.end()
    void run('c')
    await turn()
    expect(running.map(({ name }) => name)).toEqual(['a', 'b'])
  })
})
