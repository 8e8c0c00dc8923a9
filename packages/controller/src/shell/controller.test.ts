/** How the controller groups commands, and what it tells whom when. The quorum is one that the test holds in its hand. */
import { CONTROLLER_ERROR_CODES, ControllerError, imageRecords, type MetadataRecord } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Controller } from './controller.ts'
import { ImageFeed } from './image-feed.ts'
import { CLUSTER_ID, codes, createTopics, deleteTopics, joinBroker, newTopic, registration, setTopicConfig } from './testing/commands.ts'
import { eventually } from './testing/eventually.ts'
import { MemoryQuorum } from './testing/memory-quorum.ts'
import { RecordingLogger } from './testing/recording-logger.ts'
import { SeededRandom } from './testing/seeded-random.ts'
import { TestClock } from './testing/test-clock.ts'

class Bench {
  readonly clock = new TestClock()
  readonly logger = new RecordingLogger()
  readonly quorum = new MemoryQuorum()
  readonly feed = new ImageFeed(CLUSTER_ID, this.logger)
  readonly offline: ControllerError[] = []
  readonly port = new Controller({
    nodeId: 1,
    quorum: this.quorum,
    feed: this.feed,
    staticConfigs: new Map(),
    clock: this.clock,
    random: new SeededRandom(),
    logger: this.logger,
    onOffline: (error) => void this.offline.push(error),
  })

  /** With broker 1, at offset 1. */
  static async make(): Promise<Bench> {
    const bench = new Bench()
    const { feed, port } = bench
    await bench.quorum.start({
      onSnapshot: (image) => feed.onSnapshot(image),
      onCommitted: (batch) => feed.onCommitted(batch),
      onLeadership: (leadership) => port.onLeadership(leadership),
    })
    await joinBroker(bench.port, 1)
    bench.quorum.proposals.length = 0
    return bench
  }

  get topicNames(): readonly string[] {
    return [...this.feed.image().topics].map(({ name }) => name).sort()
  }

  /** Holds commits back until the returned function is called, with an error if they are to fail. */
  hold(): (error?: Error) => void {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.quorum.gate = () => promise
    return (error) => {
      this.quorum.gate = () => Promise.resolve()
      if (error === undefined) resolve()
      else reject(error)
    }
  }
}

const noRoom = new ControllerError(CONTROLLER_ERROR_CODES.storage, ERROR_CODES.KAFKA_STORAGE_ERROR, 'no room')

describe('groups', () => {
  it('hold all commands of one turn, then all that came while the last was committed', async () => {
    const bench = await Bench.make()
    const { port, quorum } = bench
    const release = bench.hold()
    const first = Array.from({ length: 100 }, (_, index) => createTopics(port, `first-${index}`))
    await eventually(() => quorum.proposals.length === 1)
    const second = Array.from({ length: 50 }, (_, index) => createTopics(port, `second-${index}`))
    await new Promise((resolve) => setImmediate(resolve))
    release()
    expect((await Promise.all([...first, ...second])).flat()).toEqual(Array.from({ length: 150 }, () => 'NONE'))
    expect(quorum.proposals).toEqual([100, 50])
  })

  it('end when deciding them took long, so that the loop gets to do other things', async () => {
    const { port, quorum, clock } = await Bench.make()
    clock.stepMs = 4
    await Promise.all(Array.from({ length: 9 }, (_, index) => createTopics(port, `topic-${index}`)))
    expect(quorum.proposals).toEqual([3, 3, 3])
  })

  it('end when they are large', async () => {
    const { port, quorum } = await Bench.make()
    quorum.batchBytes = 3 * 1024 * 1024
    await Promise.all(Array.from({ length: 5 }, (_, index) => createTopics(port, `topic-${index}`)))
    expect(quorum.proposals).toEqual([3, 2])
  })

  it('of commands that change nothing are not proposed', async () => {
    const { port, quorum } = await Bench.make()
    expect(codes(await port.createTopics({ topics: [newTopic('orders')], validateOnly: true }))).toEqual(['NONE'])
    expect(await deleteTopics(port, 'unknown')).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
    expect(quorum.proposals).toEqual([])
  })

  it('come to the same as commands one by one (property)', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd.e', 'd_e')
    const command = fc.oneof(
      fc.record({ type: fc.constant('create' as const), names: fc.array(name, { minLength: 1, maxLength: 3 }) }),
      fc.record({ type: fc.constant('delete' as const), name }),
      fc.record({ type: fc.constant('grow' as const), name, count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ type: fc.constant('configure' as const), name, value: fc.nat(9) }),
      fc.record({
        type: fc.constant('register' as const),
        brokerId: fc.integer({ min: 1, max: 2 }),
        incarnation: fc.constantFrom('A', 'Q', 'g', 'w'),
      }),
      fc.record({ type: fc.constant('producer-ids' as const) }),
    )
    const send = ({ port }: Bench, step: typeof command extends fc.Arbitrary<infer Step> ? Step : never): Promise<unknown> => {
      switch (step.type) {
        case 'create':
          return port.createTopics({ topics: step.names.map((each) => newTopic(each)), validateOnly: false })
        case 'delete':
          return deleteTopics(port, step.name)
        case 'grow':
          return port.createPartitions({ topics: [{ name: step.name, count: step.count, assignments: null }], validateOnly: false })
        case 'configure':
          return setTopicConfig(port, step.name, 'retention.ms', String(step.value))
        case 'register':
          return port.registerBroker(registration(step.brokerId, `AAAAAAAAAAAAAAAAAAAAA${step.incarnation}`))
        case 'producer-ids':
          return port.allocateProducerIds({ brokerId: 1, brokerEpoch: 0 })
      }
    }
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 12 }), async (steps) => {
        const [together, apart] = [await Bench.make(), await Bench.make()]
        const answers = await Promise.all(steps.map((step) => send(together, step)))
        const expected: unknown[] = []
        for (const step of steps) expected.push(await send(apart, step))
        expect(answers).toEqual(expected)
        expect([...imageRecords(together.feed.image())]).toEqual([...imageRecords(apart.feed.image())])
        expect(together.feed.image().offset).toBe(apart.feed.image().offset)
      }),
      { numRuns: 60 },
    )
  })
})

describe('commands of one group', () => {
  it('see what the ones before them will change', async () => {
    const { port } = await Bench.make()
    const answers = await Promise.all([
      createTopics(port, 'orders'),
      createTopics(port, 'orders'),
      setTopicConfig(port, 'orders', 'retention.ms', '5'),
      deleteTopics(port, 'orders'),
      setTopicConfig(port, 'orders', 'retention.ms', '6'),
      createTopics(port, 'orders'),
    ])
    expect(answers.flat()).toEqual(['NONE', 'TOPIC_ALREADY_EXISTS', 'NONE', 'NONE', 'UNKNOWN_TOPIC_OR_PARTITION', 'NONE'])
  })

  it('get disjoint producer ids', async () => {
    const { port } = await Bench.make()
    const blocks = await Promise.all(Array.from({ length: 3 }, () => port.allocateProducerIds({ brokerId: 1, brokerEpoch: 0 })))
    expect(blocks.map(({ firstProducerId, count }) => [firstProducerId, count])).toEqual([
      [0, 1000],
      [1000, 1000],
      [2000, 1000],
    ])
  })

  it('get the broker epoch that their record will have as its offset', async () => {
    const { port, feed } = await Bench.make()
    const [, registered] = await Promise.all([createTopics(port, 'a', 'b'), port.registerBroker(registration(2)), createTopics(port, 'c')])
    expect(registered.brokerEpoch).toBe(3)
    expect(feed.image().brokers.get(2)?.epoch).toBe(3)
  })

  it('are checked against configs that an earlier one changes', async () => {
    const { port } = await Bench.make()
    const configs = [{ name: 'min.insync.replicas', operation: 'set' as const, value: '2' }]
    const [, created] = await Promise.all([
      port.incrementalAlterConfigs({ resources: [{ type: 'broker', name: '', configs }], validateOnly: false }),
      port.createTopics({ topics: [newTopic('orders')], validateOnly: false }),
    ])
    expect(created[0]?.configs?.find(({ name }) => name === 'min.insync.replicas')?.value).toBe('2')
  })
})

describe('answers', () => {
  it('leave in the order of the commands, after the listeners saw each change, and not before the commit', async () => {
    const bench = await Bench.make()
    const { port, feed, quorum } = bench
    const told: string[] = []
    feed.subscribe((image, delta) => {
      const names = [...delta.topics.values()].map(({ after }) => after?.name)
      told.push(`listener: ${names.join()} at ${image.offset}`)
      expect(image).toBe(feed.image())
    })
    const release = bench.hold()
    const sent = ['a', 'b', 'c'].map((name) => createTopics(port, name).then(() => told.push(`client: ${name}`)))
    await eventually(() => quorum.proposals.length === 1)
    expect(told).toEqual([])
    expect(bench.topicNames).toEqual([])
    release()
    await Promise.all(sent)
    expect(told).toEqual(['listener: a at 2', 'listener: b at 3', 'listener: c at 4', 'client: a', 'client: b', 'client: c'])
  })

  it('that say "exists already" wait for the commit of what exists', async () => {
    const bench = await Bench.make()
    const release = bench.hold()
    let isAnswered = false
    const refused = Promise.all([createTopics(bench.port, 'a'), createTopics(bench.port, 'a')]).finally(() => {
      isAnswered = true
    })
    await eventually(() => bench.quorum.proposals.length === 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isAnswered).toBe(false)
    release()
    expect(await refused).toEqual([['NONE'], ['TOPIC_ALREADY_EXISTS']])
  })
})

describe('failures', () => {
  it('of a commit refuse the group, leave no trace and let the next one through', async () => {
    const bench = await Bench.make()
    const { port, feed } = bench
    const image = feed.image()
    const release = bench.hold()
    const group = Promise.allSettled([createTopics(port, 'a'), createTopics(port, 'a'), createTopics(port, 'b')])
    await eventually(() => bench.quorum.proposals.length === 1)
    const next = createTopics(port, 'a')
    release(noRoom)
    expect(await group).toEqual(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: noRoom })))
    expect(await next).toEqual(['NONE'])
    expect(bench.topicNames).toEqual(['a'])
    expect(feed.image().offset).toBe(image.offset + 1)
    expect(bench.offline).toEqual([])
  })

  it('that the quorum did not foresee are the end', async () => {
    const bench = await Bench.make()
    const { port } = bench
    const release = bench.hold()
    const group = createTopics(port, 'a')
    await eventually(() => bench.quorum.proposals.length === 1)
    const waiting = createTopics(port, 'b')
    const isOffline = expect.objectContaining({
      code: CONTROLLER_ERROR_CODES.offline,
      message: expect.stringMatching(/offline.*unheard of/),
    })
    const refused = Promise.all([expect(group).rejects.toEqual(isOffline), expect(waiting).rejects.toEqual(isOffline)])
    release(new Error('unheard of'))
    await refused
    await expect(createTopics(port, 'c')).rejects.toEqual(isOffline)
    expect(bench.offline).toEqual([isOffline])
    expect(bench.topicNames).toEqual([])
  })

  it.each([
    ['a bug in it', new TypeError('a bug'), ['a controller command failed']],
    ['its size', new ControllerError(CONTROLLER_ERROR_CODES.tooLarge, ERROR_CODES.POLICY_VIOLATION, 'too large'), []],
  ])('of one command for %s refuse it alone', async (_, error, problems) => {
    const bench = await Bench.make()
    const { port, quorum, logger } = bench
    quorum.onEncode = (records: readonly MetadataRecord[]) => {
      if (records.some((record) => record.type === 'topic' && record.name === 'bad')) throw error
    }
    const sent = [createTopics(port, 'a'), createTopics(port, 'bad'), deleteTopics(port, 'bad'), createTopics(port, 'b')]
    const [a, bad, gone, b] = await Promise.allSettled(sent)
    expect(bad).toEqual({ status: 'rejected', reason: error })
    expect([a, gone, b].map((result) => result?.status === 'fulfilled' && result.value)).toEqual([
      ['NONE'],
      ['UNKNOWN_TOPIC_OR_PARTITION'],
      ['NONE'],
    ])
    expect(bench.feed.image().offset).toBe(3)
    expect(logger.problems()).toEqual(problems)
  })

  it('of a listener keep nothing from the others or from the client', async () => {
    const { port, feed, logger } = await Bench.make()
    const seen: number[] = []
    feed.subscribe(() => {
      throw new Error('a bad listener')
    })
    const unsubscribe = feed.subscribe((image) => seen.push(image.offset))
    expect(await createTopics(port, 'a')).toEqual(['NONE'])
    unsubscribe()
    expect(await createTopics(port, 'b')).toEqual(['NONE'])
    expect(seen).toEqual([2])
    expect(logger.problems()).toEqual(['a metadata listener failed', 'a metadata listener failed'])
  })
})

describe('what is not taken', () => {
  it('is more than a bounded number of commands', async () => {
    const bench = await Bench.make()
    const release = bench.hold()
    const first = createTopics(bench.port, 'a')
    await eventually(() => bench.quorum.proposals.length === 1)
    const waiting = Array.from({ length: 10_000 }, () => deleteTopics(bench.port, 'unknown'))
    await expect(createTopics(bench.port, 'b')).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.busy })
    release()
    await Promise.all([first, ...waiting])
    expect(await createTopics(bench.port, 'b')).toEqual(['NONE'])
  })

  it('is anything after the close, which waits for what was taken', async () => {
    const bench = await Bench.make()
    const release = bench.hold()
    const taken = createTopics(bench.port, 'a')
    const closed = bench.port.close()
    await expect(createTopics(bench.port, 'b')).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.closed })
    release()
    await closed
    expect(await taken).toEqual(['NONE'])
    await bench.port.close()
  })
})
