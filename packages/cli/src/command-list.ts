/**
 * The commands, by name. Each is loaded only when it is called: a broker starts without the client, and a client command
 * without the broker.
 */
import type { Command } from 'commander'
import type { CommandContext } from './context.ts'

export interface CommandEntry {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Resolves to what adds the command, with its options and what it does, to its parent. */
  load(): Promise<(parent: Command, context: CommandContext) => Command>
}

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'start', summary: 'run a broker', load: async () => (await import('./commands/start.ts')).defineStart },
  {
    name: 'topic',
    summary: 'create, list, describe, alter and delete topics',
    load: async () => (await import('./commands/topic.ts')).defineTopic,
  },
  {
    name: 'produce',
    summary: 'write records from standard input or a file',
    load: async () => (await import('./commands/produce.ts')).defineProduce,
  },
  { name: 'consume', summary: 'read the records of a topic', load: async () => (await import('./commands/consume.ts')).defineConsume },
  {
    name: 'group',
    summary: 'list, describe, reset and delete consumer groups',
    load: async () => (await import('./commands/group.ts')).defineGroup,
  },
  {
    name: 'format',
    summary: 'make a data directory ready for its first start in a cluster',
    load: async () => (await import('./commands/format.ts')).defineFormat,
  },
  {
    name: 'cluster',
    summary: 'look at a cluster, or run one on this machine',
    load: async () => (await import('./commands/cluster.ts')).defineCluster,
  },
]
