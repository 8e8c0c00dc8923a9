/**
 * Runs a script and writes its trace into it. A script is a text of blocks: a command, a line of dashes, and what came of it.
 * Whatever stands below the dashes is replaced, so that a script that is unchanged afterwards is one that holds.
 *
 * | command | what it does |
 * |---|---|
 * | `group a b c [+ d] [- e] [key=value ...]` | voters, after `+` learners, after `-` servers that nobody knows; options and limits |
 * | `tick a [b ...] [times]`, `stall a` | time passes; a tick after a pause |
 * | `campaign a`, `transfer a [b]` | wants to lead; hands the lead over |
 * | `elect a b c` | a campaigns and wins with these votes; they hear no other leader any more; nothing else happens |
 * | `propose a x [y ...]`, `read a name` | a client asks |
 * | `change a add-learner\|promote\|remove b` | an operator asks |
 * | `deliver [a>b ...]`, `drop [a>b ...]` | the messages under way, or those between some nodes; not those that follow from them |
 * | `hold a>b ...`, `release` | messages that take their time, and arrive later |
 * | `write a [times]`, `work a [times]`, `fail a` | the oldest write is done; the oldest other thing is done; the disk fails |
 * | `settle [a b ...]` | everything arrives, is written and done, until nothing is left; only between some nodes, if named |
 * | `crash a [parts]`, `start a [recovering]` | of the oldest write only some parts reached the disk |
 * | `snapshot a [keep]` | the application's state is stored, and all entries but some are removed |
 * | `damage a [entries]`, `damaged a` | entries at the end of the log are gone; the next snapshot to arrive is damaged |
 * | `unreachable a b` | a cannot reach b |
 * | `status`, `log a`, `progress a` | shows |
 *
 * There is no chance in it: the election timeout of the first node is the shortest, and that of each other one tick longer.
 * `quietly` before a command leaves its trace out.
 */
import { RaftNode, type RaftOptions } from '../../index.ts'
import { ScriptGroup } from './script-group.ts'

const DASHES = '----'

export function runScript(text: string, makeNode: (options: RaftOptions) => RaftNode = (options) => new RaftNode(options)): string {
  const trace: string[] = []
  const group = new ScriptGroup((line) => trace.push(line), makeNode)
  const blocks = text.split(/\n{2,}/).filter((block) => block.trim() !== '')
  return `${blocks.map((block) => runBlock(block, group, trace)).join('\n\n')}\n`
}

function runBlock(block: string, group: ScriptGroup, trace: string[]): string {
  const lines = block.trim().split('\n')
  const end = lines.indexOf(DASHES)
  const input = end === -1 ? lines : lines.slice(0, end)
  const commands = input.filter((line) => !line.startsWith('#'))
  if (commands.length === 0) return input.join('\n')
  const output = commands.flatMap((line) => runCommand(line, group, trace))
  return [...input, DASHES, ...(output.length > 0 ? output : ['  ok'])].join('\n')
}

function runCommand(line: string, group: ScriptGroup, trace: string[]): readonly string[] {
  const isQuiet = line.startsWith('quietly ')
  const [command = '', ...words] = line
    .replace(/^quietly /, '')
    .trim()
    .split(/\s+/)
  trace.length = 0
  try {
    group.run(command, words)
  } catch (error) {
    return [...trace, `  ${String(error)}`]
  }
  if (command === 'group') return []
  return isQuiet ? [`  ${group.describeLeader()}`] : [...trace]
}
