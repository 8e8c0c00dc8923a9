/** `millrace produce`: records from standard input or a file. */
import type { Delivery, ProducerOptions, ProducerRecord } from '@millrace/client'
import { type Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { InputError } from '../errors.ts'
import { linesOf } from '../input/lines.ts'
import { type InputRecord, parseJson, parseKeyed, parsePlain, type RecordParser } from '../input/record-line.ts'
import { untilStopped } from '../input/until-stopped.ts'
import type { Io } from '../io.ts'
import { type ClusterOptions, withClient, withClusterOptions } from '../options/cluster.ts'
import { nameAndValue, unescaped, wholeNumber } from '../options/values.ts'
import { Progress } from '../output/progress.ts'
import { bytesText, plural } from '../output/quantity.ts'

interface ProduceOptions extends ClusterOptions {
  readonly file?: string
  readonly keySeparator?: string
  readonly input: 'lines' | 'json'
  readonly header?: Readonly<Record<string, string>>
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly acks: '0' | '1' | 'all'
  readonly partition?: number
  /** False for `--no-create`. */
  readonly create: boolean
}

export function defineProduce(parent: Command, context: CommandContext): Command {
  const { invocation } = context
  const choice = (flags: string, doc: string, choices: readonly string[], byDefault: string): Option =>
    new Option(flags, doc).choices(choices).default(byDefault)
  const command = parent
    .command('produce')
    .description('Write records to a topic: one for each line of standard input, or of a file.')
    .argument('<topic>')
    .option('-f, --file <path>', 'read this file instead of standard input')
    .option('-K, --key-separator <text>', 'what ends the key and begins the value in a line; \\t is a tab', unescaped)
    .addOption(choice('-i, --input <format>', 'what a line is: text, or JSON as "consume --json" writes it', ['lines', 'json'], 'lines'))
    .option('-H, --header <name=value>', 'a header for every record; may be given several times', nameAndValue)
    .addOption(choice('-z, --compression <codec>', 'how batches are compressed', ['none', 'gzip', 'snappy', 'lz4', 'zstd'], 'none'))
    .addOption(choice('--acks <count>', 'how many replicas must have a record', ['0', '1', 'all'], 'all'))
    .option('-p, --partition <number>', 'write to this partition (default: by the key, or spread)', wholeNumber(0))
    .option('--no-create', 'do not let the broker create a missing topic')
  withClusterOptions(command, context, [
    `echo hello | ${invocation} produce greetings`,
    `${invocation} produce orders --file orders.csv --key-separator , --compression zstd`,
    `${invocation} consume orders --json | ${invocation} produce copy --input json`,
  ])
  return command.action((topic: string, options: ProduceOptions) => produce(topic, options, context))
}

async function produce(topic: string, options: ProduceOptions, { io }: CommandContext): Promise<void> {
  const progress = new Progress(io, 'sent', !options.json)
  const tally = new Tally(progress)
  const source = openSource(options, io)
  const forget = io.onStop(() => {
    if (io.stderr.isTerminal || options.verbose) void io.stderr.write('Delivering what was read; Ctrl-C again leaves at once.\n')
  })
  try {
    await withClient(options, async (client) => {
      // A topic that must not be made is missed at once, instead of waited for.
      if (!options.create) await client.admin().describeTopics([topic])
      await using producer = client.producer(producerOptionsOf(options))
      if (options.file === undefined && io.stdin.isTerminal) await io.stderr.write('Type one record a line; Ctrl-D ends.\n')
      const onStop = (stop: () => void) => {
        const forgets = [io.onStop(stop), tally.onFailure(stop)]
        return () => forgets.forEach((forget) => forget())
      }
      const parse = parserFor(options)
      let lineNumber = 0
      for await (const lines of untilStopped(linesOf(source), onStop)) {
        for (const line of lines) {
          lineNumber += 1
          await producer.ready()
          if (tally.failure !== null) break
          tally.watch(producer.send(recordOf(topic, parse(line, lineNumber), options)), line.length)
        }
      }
      await producer.flush()
    })
  } finally {
    forget()
    progress.end()
  }
  if (tally.failure !== null) throw tally.failure
  await summarize(topic, tally, options, io)
}

/** Counts what becomes of the records, and keeps none of them. */
class Tally {
  /** First and last offset and count by partition. Offsets are null with acks 0. */
  readonly partitions = new Map<number, { count: number; firstOffset: number | null; lastOffset: number | null }>()
  readonly progress: Progress
  #failure: unknown = null
  #onFailure: () => void = () => {}

  constructor(progress: Progress) {
    this.progress = progress
  }

  /** Why the first record that failed did. */
  get failure(): unknown {
    return this.#failure
  }

  onFailure(listener: () => void): () => void {
    this.#onFailure = listener
    return () => (this.#onFailure = () => {})
  }

  watch(delivery: Promise<Delivery>, sizeBytes: number): void {
    delivery.then(
      ({ partition, offset }) => {
        this.progress.add(1, sizeBytes)
        const entry = this.partitions.get(partition)
        if (entry === undefined) this.partitions.set(partition, { count: 1, firstOffset: offset, lastOffset: offset })
        else {
          entry.count += 1
          entry.lastOffset = offset
        }
      },
      (error: unknown) => {
        if (this.#failure !== null) return
        this.#failure = error
        this.#onFailure()
      },
    )
  }
}

function openSource({ file }: ProduceOptions, io: Io): AsyncIterable<Uint8Array> {
  return file === undefined ? io.stdin.chunks() : readable(file, io.openFile(file))
}

async function* readable(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunks
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function parserFor({ input, keySeparator }: ProduceOptions): RecordParser {
  if (input === 'json') return parseJson
  return keySeparator === undefined ? parsePlain : parseKeyed(keySeparator)
}

function producerOptionsOf({ acks, compression, create, timeout }: ProduceOptions): ProducerOptions {
  return {
    acks: acks === 'all' ? 'all' : acks === '1' ? 1 : 0,
    compression,
    lingerMs: LINGER_MS,
    allowAutoTopicCreation: create,
    topicTimeoutMs: timeout * 1_000,
    deliveryTimeoutMs: timeout * 1_000,
  }
}

/** Long enough to fill batches from a file, too short to be noticed at a keyboard. */
const LINGER_MS = 5

function recordOf(topic: string, record: InputRecord, { header = {}, partition }: ProduceOptions): ProducerRecord {
  const headers = [...Object.entries(header).map(([key, value]) => ({ key, value })), ...(record.headers ?? [])]
  return { topic, ...record, headers, ...(partition === undefined ? {} : { partition }) }
}

async function summarize(topic: string, { partitions, progress }: Tally, options: ProduceOptions, io: Io): Promise<void> {
  const { records, bytes, elapsedMs } = progress
  if (options.json) {
    const byPartition = [...partitions].sort(([left], [right]) => left - right).map(([partition, entry]) => ({ partition, ...entry }))
    await io.stdout.write(`${JSON.stringify({ topic, records, bytes, elapsedMs: Math.round(elapsedMs), partitions: byPartition })}\n`)
  } else if (io.stderr.isTerminal || options.verbose) {
    const seconds = (elapsedMs / 1_000).toFixed(1)
    await io.stderr.write(`${plural(records, 'record')} sent to ${topic} (${bytesText(bytes)} in ${seconds} s)\n`)
  }
}
