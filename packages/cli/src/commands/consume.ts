/** `millrace consume`: the records of a topic on standard output. */
import type { ConsumedRecord, Consumer, StartPosition } from '@millrace/client'
import { type Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import type { Io } from '../io.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { parseStartPosition } from '../options/start-position.ts'
import { unescaped, wholeNumber } from '../options/values.ts'
import { Progress } from '../output/progress.ts'
import { jsonFormat, type RecordFormat, textFormat } from '../output/record-format.ts'

interface ConsumeOptions extends ClusterOptions {
  readonly from: StartPosition
  readonly partition?: number
  readonly count?: number
  readonly follow?: true
  readonly keySeparator?: string
  readonly delimiter: string
  readonly isolation: 'committed' | 'uncommitted'
}

export function defineConsume(parent: Command, context: CommandContext): Command {
  const { invocation } = context
  const command = parent
    .command('consume')
    .description('Read the records of a topic, from its beginning to its end, and write their values to standard output.')
    .argument('<topic>')
    .addOption(
      new Option('--from <position>', 'where to begin: "beginning", "end" (which also follows), an offset, or a time')
        .argParser(parseStartPosition)
        .default('earliest', '"beginning"'),
    )
    .option('-p, --partition <number>', 'read this partition only', wholeNumber(0))
    .option('-n, --count <number>', 'end after this many records', wholeNumber(1))
    .option('-F, --follow', 'go on at the end, with what is written then, until Ctrl-C')
    .option('-K, --key-separator <text>', 'write the key too, and this between key and value; \\t is a tab', unescaped)
    .addOption(new Option('-d, --delimiter <text>', 'what follows each record').argParser(unescaped).default('\n', '"\\n"'))
    .addOption(
      new Option('--isolation <level>', 'whether records of open and aborted transactions are read')
        .choices(['committed', 'uncommitted'])
        .default('committed'),
    )
  withClusterOptions(command, context, [
    `${invocation} consume orders`,
    `${invocation} consume orders --from end --json`,
    `${invocation} consume orders --from 2026-01-31T12:00:00Z --count 10 --key-separator '\\t'`,
    `${invocation} consume images --partition 0 --from 41 --count 1 --delimiter '' > image.png`,
  ])
  return command.action((topic: string, options: ConsumeOptions) => consume(topic, options, context))
}

async function consume(topic: string, options: ConsumeOptions, { io }: CommandContext): Promise<void> {
  // Beside the records on the same terminal it would only be in the way.
  const progress = new Progress(io, 'read', !io.stdout.isTerminal)
  try {
    await withClient(options, async (client) => {
      // A topic that does not exist is told at once, instead of waited for.
      await client.admin().describeTopics([topic])
      await using consumer = client.consumer({
        isolationLevel: options.isolation === 'committed' ? 'read_committed' : 'read_uncommitted',
        maxUnavailableMs: options.timeout * 1_000,
      })
      const stop = (): void => void consumer.close()
      const forgets = [io.onStop(stop), io.stdout.onClosed(stop)]
      try {
        await assign(consumer, topic, options)
        await copy(consumer, formatFor(options), options.count ?? Number.POSITIVE_INFINITY, progress, io)
      } finally {
        for (const forget of forgets) forget()
      }
    })
  } finally {
    progress.end()
  }
}

async function assign(consumer: Consumer, topic: string, { from, partition, follow }: ConsumeOptions): Promise<void> {
  const isEndless = follow === true || from === 'latest'
  await consumer.assign([
    { topic, from, ...(partition === undefined ? {} : { partition }), ...(isEndless ? {} : { until: 'end' as const }) },
  ])
}

async function copy(consumer: Consumer, format: RecordFormat, count: number, progress: Progress, io: Io): Promise<void> {
  for await (const batch of consumer.batches()) {
    const records = batch.records.slice(0, count - progress.records)
    await io.stdout.write(format(records))
    progress.add(records.length, sizeOf(records))
    if (progress.records >= count) return
  }
}

function sizeOf(records: readonly ConsumedRecord[]): number {
  return records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0)
}

function formatFor({ json, delimiter, keySeparator }: ConsumeOptions): RecordFormat {
  return json ? jsonFormat : textFormat({ delimiter, keySeparator: keySeparator ?? null })
}
