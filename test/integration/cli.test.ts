/** The command end to end: real processes, real pipes, real signals. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBroker } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kafkaHome, startApacheKafka } from '../conformance/apache-kafka.ts'
import { CliProcess, millrace } from './cli-process.ts'
import { temporaryDirectory } from './testing/temporary-directory.ts'

const READY = /ready on (127\.0\.0\.1:\d+)/

async function start(...flags: readonly string[]) {
  const broker = new CliProcess(['start', '--port', '0', ...flags])
  const [, address = ''] = await broker.says(READY)
  return { broker, address }
}

describe('millrace start', () => {
  it('keeps what was written through a stop and a start', async () => {
    using directory = temporaryDirectory()
    for (const expected of ['one\n', 'one\ntwo\n']) {
      const { broker, address } = await start('--data-dir', directory.path)
      await using _ = broker
      const value = expected.split('\n').at(-2) ?? ''
      expect(await millrace(['produce', 'kept', '-b', address], { stdin: value })).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await millrace(['consume', 'kept', '-b', address])).toMatchObject({ exitCode: 0, stdout: expected })
      expect(await broker.stop()).toMatchObject({ exitCode: 0, signal: null, stderr: '' })
    }
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('ends gracefully at %s, also with clients that wait', async (signal) => {
    const { broker, address } = await start('--memory')
    await using _ = broker
    await millrace(['topic', 'create', 'quiet', '-b', address])
    await using follower = new CliProcess(['consume', 'quiet', '--follow', '-b', address])
    expect(await millrace(['produce', 'quiet', '-b', address], { stdin: 'x\n' })).toMatchObject({ exitCode: 0 })
    await follower.says(/x\n/)
    expect(await broker.stop(signal)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('says that its directory is in use, and ends with 1', async () => {
    using directory = temporaryDirectory()
    const { broker } = await start('--data-dir', directory.path)
    await using _ = broker
    const second = await millrace(['start', '--port', '0', '--data-dir', directory.path])
    expect(second).toMatchObject({ exitCode: 1, stdout: '' })
    expect(second.stderr).toMatch(/^error: .*locked.*; stop that broker, or choose another directory with --data-dir\n$/)
  })

  it('reads its settings from a file, and names the line that is wrong', async () => {
    using directory = temporaryDirectory()
    const file = join(directory.path, 'millrace.yaml')
    writeFileSync(file, 'port: 0\nstorage: memory\nprot: 9092\n')
    const { exitCode, stderr } = await millrace(['start', '--config', file])
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: `error: ${file}:3: unknown setting "prot" (did you mean "port"?)\n` })
    writeFileSync(file, 'port: 0\nstorage: memory\n')
    await using broker = new CliProcess(['start', '--config', file])
    await broker.says(READY)
    expect(await broker.stop()).toMatchObject({ exitCode: 0 })
  })

  it('lets a second signal end what the first one cannot', async () => {
    const { broker, address } = await start('--memory')
    await millrace(['topic', 'create', 'lost', '-b', address])
    await using produce = new CliProcess(['produce', 'lost', '-b', address, '--verbose'])
    produce.child.stdin.write('delivered\n')
    const delivered = async (): Promise<string> => (await millrace(['consume', 'lost', '-b', address])).stdout
    await expect.poll(delivered, { timeout: 20_000 }).toBe('delivered\n')
    await broker[Symbol.asyncDispose]()
    produce.child.stdin.write('nobody takes this\n')
    const finishing = once(produce.child.stderr, 'data')
    produce.child.kill('SIGINT')
    expect(String((await finishing)[0])).toBe('Delivering what was read; Ctrl-C again leaves at once.\n')
    expect(await produce.stop('SIGINT')).toMatchObject({ exitCode: 130, stdout: '' })
  })

  it('tells of an error with its stack to whoever wants it, and to nobody else', async () => {
    const quiet = await millrace(['topic', 'list', '-b', '127.0.0.1:1'])
    expect(quiet.stderr.split('\n')).toHaveLength(2)
    const loud = await millrace(['topic', 'list', '-b', '127.0.0.1:1'], { env: { DEBUG: '1' } })
    expect(loud.stderr).toContain('    at ')
  })
})

describe.each([
  { name: 'Millrace', isHere: true, startIt: () => startBroker({ port: 0, storage: 'memory', logLevel: 'silent' }) },
  { name: 'Apache Kafka', isHere: kafkaHome !== null, startIt: () => startApacheKafka() },
])('with $name', ({ isHere, startIt }) => {
  describe.skipIf(!isHere)('the commands', () => {
    let broker: { readonly address: string } & AsyncDisposable
    let env: Readonly<Record<string, string>> = {}

    beforeAll(async () => {
      broker = await startIt()
      env = { MILLRACE_BROKERS: broker.address }
    })

    afterAll(() => broker?.[Symbol.asyncDispose]())

    it('keep topics', async () => {
      expect(await millrace(['topic', 'create', 'orders', '-p', '2', '--set', 'retention.ms=90000'], { env })).toMatchObject({
        exitCode: 0,
        stdout: 'created orders (2 partitions, replication factor 1)\n',
        stderr: '',
      })
      expect(await millrace(['topic', 'alter', 'orders', '--set', 'retention.ms=80000'], { env })).toMatchObject({ exitCode: 0 })
      await expect
        .poll(async () => (await millrace(['topic', 'describe', 'orders'], { env })).stdout, { timeout: 20_000 })
        .toContain('retention.ms=80000')
      expect((await millrace(['topic', 'list'], { env })).stdout).toContain('orders')
      expect(await millrace(['topic', 'delete', 'orders'], { env })).toMatchObject({ exitCode: 0, stdout: 'deleted orders\n' })
      expect((await millrace(['cluster', 'describe', '--json'], { env })).stdout).toContain('"isController":true')
    })

    it('carry bytes exactly, through pipes of processes', async () => {
      await millrace(['topic', 'create', 'bytes'], { env })
      const lines = Array.from({ length: 20_000 }, (_, index) => `${index}\t${'é€😀'.repeat(index % 7)}\n`).join('')
      expect(await millrace(['produce', 'bytes', '-z', 'zstd'], { env, stdin: lines })).toMatchObject({
        exitCode: 0,
        stdout: '',
        stderr: '',
      })
      expect((await millrace(['consume', 'bytes'], { env })).stdout).toBe(lines)
    })

    it('copy a topic through JSON', async () => {
      await millrace(['topic', 'create', 'from'], { env })
      await millrace(['topic', 'create', 'to'], { env })
      await millrace(['produce', 'from', '-K', ':', '-H', 'h=1'], { env, stdin: 'a:1\nb:2\n' })
      const { stdout } = await millrace(['consume', 'from', '--json'], { env })
      await millrace(['produce', 'to', '--input', 'json'], { env, stdin: stdout })
      expect((await millrace(['consume', 'to', '--json'], { env })).stdout).toBe(stdout.replaceAll('"topic":"from"', '"topic":"to"'))
    })

    it('end without a word when the reader of a pipe goes away', async () => {
      await millrace(['produce', 'long'], { env, stdin: 'a line\n'.repeat(200_000) })
      await using consume = new CliProcess(['consume', 'long', '--follow'], { env })
      const head = spawn('head', ['-n', '3'], { stdio: [consume.child.stdout, 'pipe', 'inherit'] })
      await once(head, 'close')
      consume.child.stdout.destroy()
      expect(await consume.ended()).toMatchObject({ exitCode: 0, stderr: '' })
    })

    it('end at Ctrl-C with what was read delivered', async () => {
      await millrace(['topic', 'create', 'typed'], { env })
      await using produce = new CliProcess(['produce', 'typed', '--verbose'], { env })
      produce.child.stdin.write('first\nsecond\nhalf')
      await expect.poll(async () => (await millrace(['consume', 'typed'], { env })).stdout, { timeout: 20_000 }).toBe('first\nsecond\n')
      expect(await produce.stop('SIGINT')).toMatchObject({
        exitCode: 0,
        stderr: expect.stringMatching(/\n2 records sent to typed/) as string,
      })
      await using follow = new CliProcess(['consume', 'typed', '--follow'], { env })
      await follow.says(/second\n/)
      expect(await follow.stop('SIGINT')).toMatchObject({ exitCode: 0, stdout: 'first\nsecond\n', stderr: '' })
    })

    it.each([
      [['consume', 'no-such-topic'], 1, /^error: UNKNOWN_TOPIC_OR_PARTITION: topic "no-such-topic" does not exist/],
      [['topic', 'create', 'a b'], 1, /^error: INVALID_TOPIC_EXCEPTION: /],
      [['topic', 'create', 'x', '--replication-factor', '9'], 1, /^error: INVALID_REPLICATION_FACTOR: /],
      [['consume', 'x', '--form', '1'], 2, /^error: unknown option '--form' \(Did you mean --from\?\)/],
    ])('%o ends with %i and one line', async (args, exitCode, message) => {
      const result = await millrace(args, { env })
      expect(result).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(message) as string })
      expect(result.stderr.split('\n')).toHaveLength(2)
    })
  })
})
