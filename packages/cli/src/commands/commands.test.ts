/** The commands that need a cluster, with a broker of this process. */
import { type RunningBroker, startBroker, startCluster } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../run.ts'
import { FakeIo, type FakeIoOptions } from '../testing/fake-io.ts'

let broker: RunningBroker
let topics = 0

beforeAll(async () => {
  broker = await startBroker({ port: 0, storage: 'memory', logLevel: 'silent' })
})

afterAll(() => broker.close())

async function call(line: string, options: FakeIoOptions = {}) {
  const io = new FakeIo({ ...options, env: { MILLRACE_BROKERS: broker.address, ...options.env } })
  const exitCode = await run(line.split(' '), io)
  return { exitCode, stdout: io.stdout.text, stderr: io.stderr.text }
}

async function newTopic(...flags: readonly string[]): Promise<string> {
  const name = `topic-${++topics}`
  expect(await call(['topic', 'create', name, ...flags].join(' '))).toMatchObject({ exitCode: 0 })
  return name
}

const ok = (stdout: unknown, stderr: unknown = '') => ({ exitCode: 0, stdout, stderr })
const failed = (stderr: unknown) => ({ exitCode: 1, stdout: '', stderr })

describe('topic create', () => {
  it('says what it made', async () => {
    expect(await call('topic create made --partitions 3')).toEqual(ok('created made (3 partitions, replication factor 1)\n'))
    expect(await call('topic create made-json --json')).toEqual(
      ok(expect.stringMatching(/^\[\{"name":"made-json","topicId":"[\w-]{22}","partitions":1,/)),
    )
  })

  it('refuses what exists, unless told not to mind', async () => {
    const name = await newTopic()
    expect(await call(`topic create ${name}`)).toEqual(failed(expect.stringMatching(/^error: TOPIC_ALREADY_EXISTS: .*\n$/)))
    expect(await call(`topic create ${name} --if-not-exists`)).toEqual(ok(''))
  })

  it('passes on what the broker says of a config', async () => {
    expect(await call('topic create odd --set retention.mss=1')).toEqual(failed(expect.stringContaining('retention.mss')))
  })

  it('only checks when asked to', async () => {
    expect(await call('topic create imagined --dry-run')).toEqual(ok(expect.stringMatching(/^would create imagined/)))
    expect(await call('topic describe imagined')).toEqual(
      failed(expect.stringContaining('topic "imagined" does not exist; "millrace topic list"')),
    )
  })
})

describe('topic list', () => {
  it('shows a table, or JSON', async () => {
    const name = await newTopic('--partitions', '2')
    expect((await call('topic list')).stdout).toMatch(new RegExp(`^TOPIC +PARTITIONS +REPLICAS\\n(.*\\n)*${name} +2 +1\\n`))
    const listed = JSON.parse((await call('topic list --json')).stdout) as { readonly name: string }[]
    expect(listed.find((topic) => topic.name === name)).toMatchObject({ partitions: 2, replicationFactor: 1, isInternal: false })
  })

  it('of an empty cluster says how to begin', async () => {
    await using empty = await startBroker({ port: 0, storage: 'memory', logLevel: 'silent' })
    expect(await call(`topic list -b ${empty.address}`)).toEqual(
      ok('', 'there are no topics yet; "millrace topic create NAME" makes one\n'),
    )
    expect(await call(`topic list --json -b ${empty.address}`)).toEqual(ok('[]\n'))
  })
})

describe('topic describe', () => {
  it('shows partitions with their offsets, and the configs that were set', async () => {
    const name = await newTopic('--set', 'retention.ms=5000')
    await call(`produce ${name}`, { stdin: 'a\nb\n' })
    const { stdout } = await call(`topic describe ${name}`)
    expect(stdout).toMatch(new RegExp(`^${name}: 1 partition, id [\\w-]{22}\n  retention.ms=5000\n`))
    expect(stdout).toMatch(/\n +0 +1 +1 +1 +0 +2\n$/)
    const [described] = JSON.parse((await call(`topic describe ${name} --json`)).stdout) as unknown[]
    expect(described).toMatchObject({
      name,
      configs: { 'retention.ms': '5000' },
      partitions: [{ partition: 0, startOffset: 0, endOffset: 2 }],
    })
  })
})

describe('topic alter', () => {
  it('adds partitions and changes configs', async () => {
    const name = await newTopic('--set', 'retention.ms=5000')
    expect(await call(`topic alter ${name} --partitions 4 --set segment.ms=60000 --unset retention.ms`)).toEqual(ok(`altered ${name}\n`))
    const [described] = JSON.parse((await call(`topic describe ${name} --json`)).stdout) as unknown[]
    expect(described).toMatchObject({ configs: { 'segment.ms': '60000' }, partitions: { length: 4 } })
  })

  it('only checks when asked to', async () => {
    const name = await newTopic()
    expect(await call(`topic alter ${name} --partitions 4 --dry-run`)).toEqual(ok(`would alter ${name}\n`))
    expect((await call(`topic describe ${name}`)).stdout).toContain('1 partition,')
  })
})

describe('topic elect and topic reassign', () => {
  it('have nothing to do where every partition is where it should be', async () => {
    const name = await newTopic('--partitions', '2')
    expect(await call('topic elect')).toEqual(ok('no leader was elected\n'))
    expect(await call(`topic elect ${name} --json`)).toEqual(
      ok(`${JSON.stringify([0, 1].map((partition) => ({ topic: name, partition, isElected: false, error: null })))}\n`),
    )
    expect(await call('topic reassign')).toEqual(ok('nothing is being moved\n'))
    expect(await call(`topic reassign ${name} --cancel`)).toEqual(ok('nothing is being moved\n'))
    expect(await call(`topic reassign ${name} --to 1`)).toEqual(ok(`moving ${name}-0 to 1\nmoving ${name}-1 to 1\n`))
    expect(await call(`topic reassign ${name} --to 1 --partition 1 --json`)).toEqual(
      ok(`[{"topic":"${name}","partition":1,"replicas":[1]}]\n`),
    )
  })

  it('say what cannot be done', async () => {
    const name = await newTopic()
    expect(await call(`topic reassign ${name} --to 7`)).toEqual(failed(expect.stringMatching(/INVALID_REPLICA_ASSIGNMENT: .*broker 7/)))
    expect(await call('topic elect unknown')).toEqual(failed(expect.stringContaining('does not exist')))
  })

  it.each([
    ['topic elect --partition 1', /exactly one topic/],
    ['topic reassign orders', /--to/],
    ['topic reassign orders --to 1 --cancel', /--to/],
    ['topic reassign orders --to one', /commas between/],
    ['topic reassign --to 1', /name the topic/],
  ])('refuse %s', async (line, message) => {
    expect(await call(line)).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) })
  })
})

describe('topic delete', () => {
  it('says what it deleted, and minds what is not there', async () => {
    const name = await newTopic()
    expect(await call(`topic delete ${name}`)).toEqual(ok(`deleted ${name}\n`))
    expect(await call(`topic delete ${name}`)).toEqual(failed(expect.stringContaining('does not exist')))
    expect(await call(`topic delete ${name} --if-exists --json`)).toEqual(ok('[]\n'))
  })
})

describe('produce and consume', () => {
  it('carry lines', async () => {
    const name = await newTopic()
    expect(await call(`produce ${name}`, { stdin: 'a\n\nlast' })).toEqual(ok(''))
    expect(await call(`consume ${name}`)).toEqual(ok('a\n\nlast\n'))
  })

  it('carry keys', async () => {
    const name = await newTopic()
    await call(`produce ${name} -K :`, { stdin: 'k:v\nl:w:x\n' })
    expect((await call(`consume ${name} --key-separator =`)).stdout).toBe('k=v\nl=w:x\n')
  })

  it('carry JSON there and back', async () => {
    const [from, to] = [await newTopic(), await newTopic()]
    await call(`produce ${from} --input json`, {
      stdin: '{"key":"k","value":null}\n{"value":"v","timestamp":7,"headers":[{"key":"h","value":"x"}]}\n{"valueBase64":"/w=="}\n',
    })
    const { stdout } = await call(`consume ${from} --json`)
    await call(`produce ${to} --input json`, { stdin: stdout })
    expect((await call(`consume ${to} --json`)).stdout).toBe(stdout.replaceAll(`"topic":"${from}"`, `"topic":"${to}"`))
    expect(stdout).toContain('"timestamp":7,"key":null,"value":"v","headers":[{"key":"h","value":"x"}]')
  })

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('carry a file with %s', async (codec) => {
    const name = await newTopic()
    const content = Array.from({ length: 5_000 }, (_, index) => `line ${index}\n`).join('')
    expect(await call(`produce ${name} --file f --compression ${codec}`, { files: { f: content } })).toEqual(ok(''))
    expect((await call(`consume ${name}`)).stdout).toBe(content)
  })

  it('put a header and a partition on every record', async () => {
    const name = await newTopic('--partitions', '3')
    await call(`produce ${name} -H from=test --partition 2`, { stdin: 'a\nb\n' })
    const records = (await call(`consume ${name} --json`)).stdout.trimEnd().split('\n')
    expect(records.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { partition: 2, offset: 0, headers: [{ key: 'from', value: 'test' }] },
      { partition: 2, offset: 1, headers: [{ key: 'from', value: 'test' }] },
    ])
  })

  it('tell where records went, as JSON', async () => {
    const name = await newTopic()
    const { stdout } = await call(`produce ${name} --json`, { stdin: 'a\nbc\n' })
    expect(JSON.parse(stdout)).toEqual({
      topic: name,
      records: 2,
      bytes: 3,
      elapsedMs: expect.any(Number),
      partitions: [{ partition: 0, count: 2, firstOffset: 0, lastOffset: 1 }],
    })
  })

  it('tell how many went on a terminal', async () => {
    const name = await newTopic()
    const { stderr } = await call(`produce ${name}`, { stdin: 'a\n', terminals: ['stdin', 'stderr'] })
    expect(stderr).toMatch(new RegExp(`^Type one record a line; Ctrl-D ends\\.\n1 record sent to ${name} \\(1 B in `))
  })
})

describe('produce', () => {
  it('names the line that cannot be used, and keeps what came before', async () => {
    const name = await newTopic()
    expect(await call(`produce ${name} -K :`, { stdin: 'a:1\nno key\nb:2\n' })).toEqual(failed('error: line 2 has no ":" after its key\n'))
    expect((await call(`consume ${name}`)).stdout).toBe('1\n')
  })

  it('names the file that cannot be read', async () => {
    const name = await newTopic()
    expect(await call(`produce ${name} --file missing`)).toEqual(failed(expect.stringMatching(/^error: missing cannot be read: ENOENT/)))
  })

  it('ends at the first record that the broker refuses', async () => {
    const name = await newTopic('--set', 'max.message.bytes=1000')
    const { exitCode, stderr } = await call(`produce ${name}`, { stdin: `a\n${'x'.repeat(5_000)}\n` })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/^error: MESSAGE_TOO_LARGE/) })
  })

  it('makes the topic, unless told not to', async () => {
    expect(await call('produce new-by-produce', { stdin: 'a\n' })).toEqual(ok(''))
    const { exitCode, stderr } = await call('produce not-made --no-create --timeout 1', { stdin: 'a\n' })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('topic "not-made" does not exist') })
  })

  it('delivers what it has read when it is stopped', async () => {
    const name = await newTopic()
    const io: FakeIo = new FakeIo({ stdin: endless(), env: { MILLRACE_BROKERS: broker.address } })
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('a\nb\n')
      io.stop()
      await new Promise(() => {})
    }
    expect(await run(['produce', name], io)).toBe(0)
    expect((await call(`consume ${name}`)).stdout).toBe('a\nb\n')
  })
})

describe('consume', () => {
  it.each([
    ['--from 2', 'c\nd\n'],
    ['--from 1 --count 2', 'b\nc\n'],
    ['--count 9', 'a\nb\nc\nd\n'],
    ['--delimiter \\0', 'a\0b\0c\0d\0'],
    ['--from 2100-01-01', ''],
    ['--from beginning --isolation uncommitted', 'a\nb\nc\nd\n'],
  ])('with %s', async (flags, stdout) => {
    const name = await newTopic()
    await call(`produce ${name}`, { stdin: 'a\nb\nc\nd\n' })
    expect(await call(`consume ${name} ${flags}`)).toEqual(ok(stdout))
  })

  it('of an empty topic ends at once', async () => {
    expect(await call(`consume ${await newTopic()}`)).toEqual(ok(''))
  })

  it.each([
    ['a topic that does not exist', 'consume nope', 'topic "nope" does not exist; "millrace topic list" shows what there is\n'],
    ['an offset that is not there', 'consume greetings --from 99', 'does not have offset 99'],
  ])('says at once that there is %s not', async (_, line, message) => {
    await call('produce greetings', { stdin: 'hello\n' })
    const { exitCode, stderr } = await call(line)
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(message) })
  })

  it('refuses a partition that is not there', async () => {
    const name = await newTopic()
    expect(await call(`consume ${name} --partition 5`)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: topic "${name}" has partitions 0 to 0, not 5\n`,
    })
  })

  it.each([['--follow'], ['--from end']])('with %s goes on until it is stopped', async (flags) => {
    const name = await newTopic()
    const io = new FakeIo({ env: { MILLRACE_BROKERS: broker.address } })
    const reading = run(`consume ${name} ${flags}`.split(' '), io)
    await expect.poll(() => io.isListeningForStop).toBe(true)
    const received = new Promise<void>((resolve) => (io.stdout.onWrite = resolve))
    let isReceived = false
    void received.then(() => (isReceived = true))
    // With --from end the reading begins some time after now.
    while (!isReceived) await call(`produce ${name}`, { stdin: 'late\n' })
    io.stop()
    expect(await reading).toBe(0)
    expect(io.stdout.text).toMatch(/^(late\n)+$/)
  })

  it('ends without a word when its reader has gone', async () => {
    const name = await newTopic()
    await call(`produce ${name}`, { stdin: 'a\n' })
    const io = new FakeIo({ env: { MILLRACE_BROKERS: broker.address } })
    io.stdout.onWrite = () => io.stdout.close()
    expect(await run(['consume', name, '--follow'], io)).toBe(0)
    expect(io.stderr.text).toBe('')
  })
})

describe('cluster describe', () => {
  it('shows broker, controller and partitions, or JSON', async () => {
    await call('topic create described --partitions 2')
    const { stdout } = await call('cluster describe')
    expect(stdout).toMatch(/^cluster [\w-]{22}\nBROKER +ADDRESS +RACK +STATE +LEADS +REPLICAS +LAG +SIZE +DIRECTORY\n/)
    expect(stdout).toMatch(/\n +1 +127\.0\.0\.1:\d+ +- +ready +\d+ +\d+ +0 /)
    expect(stdout).toMatch(/\ncontrollers: 1 leads in epoch \d+\nCONTROLLER +ADDRESS +ROLE +LAG +DIRECTORY ID\n +1 +\S+ +leader +0 /)
    expect(stdout).toMatch(/\n\d+ partitions, all replicas in sync\n$/)
    expect(JSON.parse((await call('cluster describe --json')).stdout)).toMatchObject({
      clusterId: broker.clusterId,
      brokers: [{ nodeId: 1, host: broker.host, port: broker.port, isController: true, isFenced: false, directories: [{ error: null }] }],
      quorum: { leaderId: 1, voters: [{ nodeId: 1 }], observers: [] },
      unhealthy: [],
    })
  })

  it('shows what a dead node leaves behind', { timeout: 60_000 }, async () => {
    await using cluster = await startCluster({ logLevel: 'silent' })
    await call(`topic create short --partitions 3 -b ${cluster.brokers}`)
    await cluster.node(3).kill()
    const { address } = cluster.node(1)
    const described = async () =>
      JSON.parse((await call(`cluster describe --json -b ${address}`)).stdout) as { brokers: { isFenced: boolean }[] }
    await expect.poll(async () => (await described()).brokers[2]?.isFenced, { timeout: 20_000 }).toBe(true)
    const { stdout } = await call(`cluster describe -b ${address}`)
    expect(stdout).toMatch(/\n +3 +127\.0\.0\.1:\d+ +- +fenced +0 +3 +- +- *\n/)
    expect(stdout).toMatch(/\n3 of 3 partitions lack replicas or a leader\nTOPIC +PARTITION +LEADER +REPLICAS +IN SYNC\nshort +0 +[12] /)
  })
})

describe('start', () => {
  it('says where it is ready and how to try it, and ends when it is stopped', async () => {
    const io = new FakeIo()
    const ready = new Promise<void>((resolve) => (io.stdout.onWrite = resolve))
    const running = run(['start', '--port', '0', '--memory'], io)
    await ready
    const address = /127\.0\.0\.1:\d+/.exec(io.stdout.text)?.[0] ?? ''
    expect(io.stdout.text).toBe(
      `Millrace is ready on ${address}, keeping records in memory. Try: echo hello | millrace produce greetings -b ${address}\n`,
    )
    expect(await call(`topic list --json -b ${address}`)).toEqual(ok('[]\n'))
    io.stop()
    expect(await running).toBe(0)
    expect((await call(`topic list -b ${address}`)).exitCode).toBe(1)
  })

  it('tells programs where it is ready, and takes settings from a file', async () => {
    const io = new FakeIo({ files: { 'm.yaml': 'port: 0\nstorage: memory\nnodeId: 7\n' } })
    const ready = new Promise<void>((resolve) => (io.stdout.onWrite = resolve))
    const running = run(['start', '--json', '--config', 'm.yaml', '--node-id', '8'], io)
    await ready
    expect(JSON.parse(io.stdout.text)).toEqual({
      event: 'ready',
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      controllerAddress: null,
      roles: ['broker', 'controller'],
      nodeId: 8,
      clusterId: expect.stringMatching(/^[\w-]{22}$/),
      storage: 'memory',
    })
    io.stop()
    expect(await running).toBe(0)
  })

  it('says that the port is taken', async () => {
    expect(await call(`start --memory --port ${broker.port}`)).toEqual(
      failed(`error: cannot listen on ${broker.address}: EADDRINUSE: is a broker running already? Choose another port with --port\n`),
    )
  })
})
