/** What the servers of the example can do. */
import { MemoryGroup } from './memory-group.ts'

export function runExample(print: (line: string) => void): void {
  const group = new MemoryGroup(['a', 'b', 'c'])

  const first = group.leader()
  first.add('hello', (outcome) => print(`hello is ${outcome}`))
  group.deliver()

  // The others lead on without it, and know what was committed.
  group.stop(first)
  const second = group.leader()
  second.add('again', (outcome) => print(`again is ${outcome}`))
  second.read((texts) => print(`read: ${texts}`))
  group.deliver()

  for (const { id, texts } of group.up) print(`${id === second.id ? 'the leader' : 'the other'} has ${texts.join(' ')}`)
}
