/** The commands about groups, with a broker of this process and consumers of another maker. */
import { type RunningBroker, startBroker } from '@millrace/server'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../run.ts'
import { FakeIo } from '../testing/fake-io.ts'

let broker: RunningBroker

beforeAll(async () => {
  broker = await startBroker({ port: 0, storage: 'memory', logLevel: 'silent' })
  expect(await call('topic create orders --partitions 2')).toMatchObject({ exitCode: 0 })
  expect(await call('produce orders --partition 0', 'a\nb\nc\n')).toMatchObject({ exitCode: 0 })
})

afterAll(() => broker.close())

async function call(line: string, stdin = '') {
  const io = new FakeIo({ env: { MILLRACE_BROKERS: broker.address }, stdin })
  const exitCode = await run(line.split(' '), io)
  return { exitCode, stdout: io.stdout.text, stderr: io.stderr.text }
}

async function json(line: string): Promise<unknown> {
  const { stdout, stderr } = await call(`${line} --json`)
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

/** A consumer that has read and committed all there is. */
async function consume(groupId: string): Promise<Consumer> {
  const kafka = new Kafka({ brokers: [broker.address], clientId: 'app', logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  let seen = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }])
      seen += 1
      if (seen === 3) resolve()
    },
  })
  await promise
  return consumer
}

describe('a group with a member', () => {
  it('is listed, described with its lag, and protected from what its consumers would undo', async () => {
    const consumer = await consume('workers')
    try {
      expect(await json('group list')).toContainEqual({ groupId: 'workers', protocolType: 'consumer', state: 'Stable', type: 'classic' })
      expect(await call('produce orders --partition 0', 'd\n')).toMatchObject({ exitCode: 0 })
      expect(await json('group describe workers')).toMatchObject([
        {
          groupId: 'workers',
          state: 'Stable',
          members: [{ clientId: 'app', topics: ['orders'] }],
          partitions: [
            { partition: 0, memberId: expect.stringMatching(/^app-/) as unknown },
            { partition: 1, committed: null, startOffset: 0, endOffset: 0 },
          ],
          findings: [],
        },
      ])
      expect((await call('group describe workers')).stdout).toMatch(
        /^workers: Stable, classic, assignor RoundRobinAssigner, 1 member, \d behind/,
      )
      expect(await call('group reset-offsets workers --to beginning')).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('has 1 member, who would overwrite it: stop its consumers first') as unknown,
      })
      expect(await call('group delete workers')).toMatchObject({
        exitCode: 1,
        stderr: 'error: NON_EMPTY_GROUP: group "workers" has members: stop its consumers first\n',
      })
    } finally {
      await consumer.disconnect()
    }
    expect(await json('group describe workers')).toMatchObject([{ state: 'Empty', findings: [{ code: 'no-members' }] }])
    expect(await call('group delete workers')).toEqual({ exitCode: 0, stdout: 'deleted workers\n', stderr: '' })
  })
})

describe('group reset-offsets', () => {
  it.each([
    ['--to end', 4],
    ['--to beginning', 0],
    ['--to 2', 2],
    ['--shift-by 1', 3],
    ['--shift-by=-9', 0],
    ['--to 99', 4],
    ['--to 2020-01-01', 0],
    ['--to 2100-01-01', 4],
  ])('%s', async (where, to) => {
    expect(await json(`group reset-offsets planned --topic orders:0 ${where}`)).toMatchObject([{ topic: 'orders', partition: 0, to }])
    expect(await json('group describe planned')).toMatchObject([{ partitions: [{ partition: 0, committed: to, lag: 4 - to }] }])
  })

  it('only shows what it would do when asked to', async () => {
    await json('group reset-offsets careful --topic orders --to 1')
    const { stdout, stderr } = await call('group reset-offsets careful --to end --dry-run')
    expect(stderr).toBe('nothing is changed; this is what would be:\n')
    expect(stdout).toMatch(/orders +0 +1 +4\n/)
    expect(await json('group describe careful')).toMatchObject([{ partitions: [{ committed: 1 }, { committed: 0 }] }])
  })

  it.each([
    ['group reset-offsets nobody', 'say where to with --to or --shift-by'],
    ['group reset-offsets nobody --to end', 'has not committed anything: name topics with --topic'],
    ['group reset-offsets nobody --to end --shift-by 1', "cannot be used with option '--to <position>'"],
    ['group reset-offsets nobody --to somewhere', 'It must be "beginning", "end", an offset, or a time'],
    ['group reset-offsets nobody --to end --topic orders:7', 'topic "orders" has no partition 7; it has 2'],
    ['group reset-offsets nobody --to end --topic orders:x', 'Write it as topic, or as topic:0,1'],
    ['group reset-offsets nobody --to end --topic orders:0 --topic orders:1', 'Name "orders" once'],
  ])('%s is refused', async (line, message) => {
    expect(await call(line)).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining(message) as unknown })
  })
})

describe('a group that does not exist', () => {
  it('is said not to', async () => {
    expect(await call('group describe nobody')).toMatchObject({
      exitCode: 1,
      stderr: 'error: GROUP_ID_NOT_FOUND: group "nobody" does not exist\n',
    })
    expect(await call('group delete nobody')).toMatchObject({
      exitCode: 1,
      stderr: 'error: GROUP_ID_NOT_FOUND: group "nobody" does not exist\n',
    })
    expect(await call('group delete nobody --if-exists')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })
})
