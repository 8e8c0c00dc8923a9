/** `millrace group ...`: the consumer groups of a cluster. */
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { defineGroupDelete } from './group-delete.ts'
import { defineGroupDescribe } from './group-describe.ts'
import { defineGroupList } from './group-list.ts'
import { defineGroupResetOffsets } from './group-reset-offsets.ts'

export function defineGroup(parent: Command, context: CommandContext): Command {
  const group = parent
    .command('group')
    .description('List, describe, reset and delete consumer groups.')
    .helpOption('-h, --help', 'show this help')
  for (const define of [defineGroupList, defineGroupDescribe, defineGroupResetOffsets, defineGroupDelete]) define(group, context)
  return group
}
