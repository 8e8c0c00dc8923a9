/** `millrace topic ...`: the topics of a cluster. */
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { defineTopicAlter } from './topic-alter.ts'
import { defineTopicCreate } from './topic-create.ts'
import { defineTopicDelete } from './topic-delete.ts'
import { defineTopicDescribe } from './topic-describe.ts'
import { defineTopicElect } from './topic-elect.ts'
import { defineTopicList } from './topic-list.ts'
import { defineTopicReassign } from './topic-reassign.ts'

export function defineTopic(parent: Command, context: CommandContext): Command {
  const topic = parent
    .command('topic')
    .description('Create, list, describe, alter, move and delete topics.')
    .helpOption('-h, --help', 'show this help')
  for (const define of [
    defineTopicCreate,
    defineTopicList,
    defineTopicDescribe,
    defineTopicAlter,
    defineTopicReassign,
    defineTopicElect,
    defineTopicDelete,
  ])
    define(topic, context)
  return topic
}
