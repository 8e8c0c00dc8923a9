import { describe, expect, it } from 'vitest'
import { run } from './run.ts'
import { FakeIo } from './testing/fake-io.ts'

async function call(...args: readonly string[]) {
  const io = new FakeIo()
  const exitCode = await run(args, io)
  return { exitCode, stdout: io.stdout.text, stderr: io.stderr.text }
}

describe('a wrong command line', () => {
  it.each<[string, string]>([
    ['topc', "error: unknown command 'topc' (Did you mean topic?) (millrace --help)"],
    ['topic creat', "error: unknown command 'creat' (Did you mean create?) (millrace topic --help)"],
    ['topic create', "error: missing required argument 'name' (millrace topic --help)"],
    ['start --prot 9092', "error: unknown option '--prot' (Did you mean --port?) (millrace start --help)"],
    ['start --port', "error: option '--port <number>' argument missing (millrace start --help)"],
    ['start --port x', 'error: --port: port must be a whole number from 0 to 65535, not "x"'],
    ['start --storage disk', 'error: --storage: storage must be one of file, memory, not "disk"'],
    ['start --set nonsense=1', 'error: --set: there is no broker config "nonsense"'],
    ['start --set log.retention.hurs=1', 'error: --set: there is no broker config "log.retention.hurs"; did you mean log.retention.hours?'],
    ['start --set nonsense', 'error: --set: config must be a map from config names'],
    ['start --memory --storage file', 'error: --memory and --storage say different things'],
    ['start --config missing.yaml', 'error: missing.yaml: the configuration file cannot be read: ENOENT'],
    ['start now', 'error: too many arguments'],
    [
      'topic create t --partitions 0',
      "error: option '-p, --partitions <number>' argument '0' is invalid. It must be a whole number, 1 or more.",
    ],
    ['topic create t --set retention', "error: option '--set <name=value>' argument 'retention' is invalid. Write it as name=value."],
    ['topic alter t', 'error: nothing to alter: give --partitions, --set or --unset'],
    ['topic alter t --set a=1 --unset a', 'error: a is both set and unset'],
    ['topic list --brokers http://localhost', 'error: "http://localhost" is not a broker address: write it as host:port'],
    ['produce', "error: missing required argument 'topic' (millrace produce --help)"],
    ['produce t --compression zip', "error: option '-z, --compression <codec>' argument 'zip' is invalid. Allowed choices are none, gzip"],
    ['consume t --from yesterday', 'error: option \'--from <position>\' argument \'yesterday\' is invalid. It must be "beginning", "end"'],
    ['consume t --count 0', "error: option '-n, --count <number>' argument '0' is invalid."],
  ])('"%s" ends with 2 and one line that says what to write', async (line, message) => {
    const { exitCode, stdout, stderr } = await call(...line.split(' '))
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr.startsWith(message), stderr).toBe(true)
    expect(stderr.split('\n')).toHaveLength(2)
  })

  it('tells of every wrong setting at once', async () => {
    const { stderr } = await call('start', '--port', 'x', '--node-id', 'y')
    expect(stderr.match(/^error: /gm)).toHaveLength(2)
  })

  it('is told as JSON to whoever asks for it', async () => {
    const { exitCode, stderr } = await call('topic', 'list', '--jsn', '--json')
    expect(exitCode).toBe(2)
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'ERR_CLI_USAGE', kafkaError: null, message: expect.stringContaining("unknown option '--jsn'") },
    })
  })
})

describe('help', () => {
  it.each([
    ['--help', ['start', 'topic', 'produce', 'consume', 'cluster', 'echo hello | millrace produce greetings']],
    ['help start', ['--port <number>', '--data-dir <path>', '--memory', 'Examples:']],
    ['start --help', ['--port <number>', '(default: 9092)', 'millrace start --config millrace.yaml']],
    ['topic --help', ['create', 'list', 'describe', 'alter', 'delete']],
    ['topic create --help', ['--partitions', '--set <name=value>', 'Examples:']],
    ['topic list --help', ['--json', 'Examples:']],
    ['topic describe --help', ['--brokers <addresses>', 'Examples:']],
    ['topic alter --help', ['--unset <name>', 'Examples:']],
    ['topic delete --help', ['--if-exists', 'Examples:']],
    ['produce --help', ['--key-separator', '--compression', 'Examples:']],
    ['consume --help', ['--from <position>', '--follow', 'Examples:']],
    ['cluster describe --help', ['--timeout <seconds>', 'Examples:']],
  ])('of "%s" goes to standard output and ends with 0', async (line, parts) => {
    const { exitCode, stdout, stderr } = await call(...line.split(' '))
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const text = stdout.replaceAll(/\s+/g, ' ')
    for (const part of parts) expect(text).toContain(part)
  })

  it.each([[[]], [['topic']], [['cluster']]])('is the answer when %o leaves the command open, and ends with 2', async (args) => {
    const { exitCode, stdout, stderr } = await call(...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('Usage: millrace')
  })
})

it('--version prints the version', async () => {
  expect(await call('--version')).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
})

describe('a broker that is not there', () => {
  it.each([
    'topic list',
    'topic create t',
    'topic describe',
    'topic alter t --partitions 2',
    'topic delete t',
    'produce t',
    'consume t',
    'cluster describe',
  ])('ends "%s" with 1 and says how to start one', async (line) => {
    const { exitCode, stdout, stderr } = await call(...line.split(' '), '--brokers', '127.0.0.1:1')
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toBe(
      'error: no broker at 127.0.0.1:1 (connection refused): start one with "millrace start", or name another with --brokers\n',
    )
  })

  it('is told with its place in the code to whoever wants to know', async () => {
    const { stderr } = await call('topic', 'list', '--brokers', '127.0.0.1:1', '--verbose')
    expect(stderr).toMatch(/ClientError: cannot connect[\s\S]*caused by NetworkError/)
  })

  it('is told as JSON to whoever asks for it', async () => {
    const { stderr } = await call('topic', 'list', '--brokers', '127.0.0.1:1', '--json')
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'ERR_CLIENT_UNREACHABLE', kafkaError: null } })
  })
})
