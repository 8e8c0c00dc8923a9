/** One run of the command line: finds the command, loads it, and turns whatever goes wrong into one line and an exit code. */
import { Command, CommanderError } from 'commander'
import { COMMANDS } from './command-list.ts'
import { EXIT_CODES, type ExitCode, reportOf } from './errors.ts'
import { invocationOf } from './invocation.ts'
import type { Io } from './io.ts'
import { VERSION } from './version.ts'

/** `args` are those after the name of the program. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const invocation = invocationOf(io.env)
  // Commander writes its errors as it likes; they are kept, and told like all others.
  const told: string[] = []
  const program = new Command('millrace')
    .description("Millrace: a commit log that speaks Apache Kafka's wire protocol.")
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ sortSubcommands: false, helpWidth: Math.min(io.stdout.columns, HELP_COLUMNS_MAX) })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => told.push(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .addHelpText('after', `\nStart a broker and try it:\n${examples(invocation)}`)
  try {
    const named = nameOfCommand(args)
    for (const { name, summary, load } of COMMANDS) {
      if (name === named) (await load())(program, { io, invocation }).summary(summary)
      else program.command(name, { hidden: false }).summary(summary)
    }
    await program.parseAsync(args, { from: 'user' })
    return EXIT_CODES.ok
  } catch (error) {
    return await tell(error, told.join(''), args, io, invocation)
  }
}

const HELP_COLUMNS_MAX = 110

function examples(invocation: string): string {
  return `  ${invocation} start\n  echo hello | ${invocation} produce greetings\n  ${invocation} consume greetings\n`
}

/** The first word that is no flag, also behind `help`. */
function nameOfCommand(args: readonly string[]): string | undefined {
  const words = args.filter((word) => !word.startsWith('-'))
  return words[0] === 'help' ? words[1] : words[0]
}

async function tell(error: unknown, told: string, args: readonly string[], io: Io, invocation: string): Promise<ExitCode> {
  const flags = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length)
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT_CODES.ok
    // No command was named where one is needed, so this is the help.
    const isHelp = error.code === 'commander.help'
    const message = isHelp ? told.trimEnd() : `${oneLine(error.message)} (${invocation} ${helpFor(args)})`
    if (flags.includes('--json'))
      await io.stderr.write(`${JSON.stringify({ error: { code: 'ERR_CLI_USAGE', kafkaError: null, message } })}\n`)
    else await io.stderr.write(`${message}\n`)
    return EXIT_CODES.usage
  }
  const report = reportOf(error, invocation)
  if (flags.includes('--json')) {
    const { code, kafkaError, message } = report
    await io.stderr.write(`${JSON.stringify({ error: { code, kafkaError, message } })}\n`)
  } else {
    for (const line of report.message.split('\n')) await io.stderr.write(`error: ${line}\n`)
  }
  if (flags.includes('--verbose') || io.env['DEBUG']) await io.stderr.write(`${stackOf(error)}\n`)
  return report.exitCode
}

/** `error: unknown option '--prot'\n(Did you mean --port?)` on one line. */
function oneLine(message: string): string {
  return message.trim().replaceAll(/\s*\n\s*/g, ' ')
}

/** The help that explains the words that were used. */
function helpFor(args: readonly string[]): string {
  const known = COMMANDS.find(({ name }) => name === nameOfCommand(args))
  return known === undefined ? '--help' : `${known.name} --help`
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
