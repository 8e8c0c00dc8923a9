/** The controller over its real log: what restarts, crashes and disks do to what was promised. */
import { type ControllerPort, CONTROLLER_ERROR_CODES } from '@millrace/metadata'
import { createMemoryDisk, DISK_ERROR_CODES, type MemoryDisk } from '@millrace/runtime'
import { afterEach, describe, expect, it } from 'vitest'
import { codes, createTopics, deleteTopics, newTopic, registration, setTopicConfig } from './testing/commands.ts'
import { eventually } from './testing/eventually.ts'
import { copyOf, LOG_FILE, METADATA_DIRECTORY, metadataFiles, TestNode, type TestNodeOptions, truncateFile } from './testing/test-node.ts'

const open: TestNode[] = []

async function start(disk?: MemoryDisk, options?: TestNodeOptions): Promise<TestNode> {
  const node = await TestNode.startWithBroker(disk, options)
  open.push(node)
  return node
}

async function restart(node: TestNode, options?: TestNodeOptions): Promise<TestNode> {
  await node.close()
  const next = await TestNode.start(node.disk, options)
  open.push(next)
  return next
}

afterEach(async () => {
  for (const node of open.splice(0)) await node.close()
})

const isStorageRefusal = expect.objectContaining({ name: 'ControllerError', code: CONTROLLER_ERROR_CODES.storage })
const isOffline = expect.objectContaining({
  name: 'ControllerError',
  code: CONTROLLER_ERROR_CODES.offline,
  message: expect.stringMatching(/asked for/),
})

describe('a restart', () => {
  it('brings back everything that was answered, under the next epoch', async () => {
    const first = await start()
    await first.port.createTopics({
      topics: [newTopic('orders', { partitionCount: 3, configs: [{ name: 'retention.ms', value: '5' }] }), newTopic('gone')],
      validateOnly: false,
    })
    await setTopicConfig(first.port, 'orders', 'cleanup.policy', 'compact')
    await first.port.createPartitions({ topics: [{ name: 'orders', count: 5, assignments: null }], validateOnly: false })
    await deleteTopics(first.port, 'gone')
    await first.port.allocateProducerIds({ brokerId: 1, brokerEpoch: first.image.brokers.get(1)?.epoch ?? -1 })
    const { content, image } = first
    const second = await restart(first)
    expect(second.content).toEqual(content)
    expect(second.image).toMatchObject({ offset: image.offset + 1, epoch: image.epoch + 1 })
    expect(second.logger.problems()).toEqual([])
  })

  it('gives producer ids that were not given before, and a broker an epoch above its last', async () => {
    const first = await start()
    const before = await first.port.allocateProducerIds({ brokerId: 1, brokerEpoch: first.image.brokers.get(1)?.epoch ?? -1 })
    const second = await restart(first)
    const { brokerEpoch } = await second.port.registerBroker(registration(1, 'AAAAAAAAAAAAAAAAAAAAAg'))
    expect(brokerEpoch).toBe(second.image.offset)
    const after = await second.port.allocateProducerIds({ brokerId: 1, brokerEpoch })
    expect(after.firstProducerId).toBe(before.firstProducerId + before.count)
  })

  it('takes a new epoch each time, also when nothing happened in the last one', async () => {
    let node = await start()
    const epochs = [node.image.epoch]
    for (let count = 0; count < 3; count++) {
      node = await restart(node)
      epochs.push(node.image.epoch)
    }
    expect(epochs).toEqual([1, 2, 3, 4])
    expect(node.log.latestLeaderEpoch).toBe(4)
  })

  it('finds the same with many batches of many epochs as was there before', async () => {
    let node = await start()
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => createTopics(node.port, `topic-${round}-${index}`)))
      await deleteTopics(node.port, `topic-${round}-3`)
      const { content } = node
      node = await restart(node)
      expect(node.content).toEqual(content)
    }
  })
})

describe('a crash between append and flush', () => {
  /** What the disk holds of a command that nobody was told the outcome of. */
  const CASES: readonly [what: string, lastBatch: 'whole' | 'lost' | number, topics: readonly string[]][] = [
    ['the process was killed, the page cache has it', 'whole', ['answered', 'in-doubt']],
    ['the power went, nothing of it was written', 'lost', ['answered']],
    ['the power went, its header was written', 61, ['answered']],
    ['the power went, all but its last byte was written', -1, ['answered']],
  ]

  it.each(CASES)('%s', async (_, lastBatch, topics) => {
    const node = await start()
    await createTopics(node.port, 'answered')
    const sizeBefore = node.disk.stat(LOG_FILE)?.sizeBytes ?? 0
    const release = node.disk.holdSyncs()
    const told: string[] = []
    node.feed.subscribe(() => void told.push('listener'))
    const answer = createTopics(node.port, 'in-doubt').then(() => told.push('client'))
    await eventually(() => (node.disk.stat(LOG_FILE)?.sizeBytes ?? 0) > sizeBefore)
    expect(node.topicNames).toEqual(['answered'])
    expect(told).toEqual([])

    const crashed = copyOf(node.disk)
    const sizeAfter = crashed.stat(LOG_FILE)?.sizeBytes ?? 0
    const kept =
      lastBatch === 'whole' ? sizeAfter : lastBatch === 'lost' ? sizeBefore : (lastBatch < 0 ? sizeAfter : sizeBefore) + lastBatch
    truncateFile(crashed, LOG_FILE, kept)
    const next = await TestNode.start(crashed)
    open.push(next)
    expect(next.topicNames).toEqual(topics)
    expect(await createTopics(next.port, 'in-doubt')).toEqual([topics.includes('in-doubt') ? 'TOPIC_ALREADY_EXISTS' : 'NONE'])
    release()
    await answer
    expect(told).toEqual(['listener', 'client'])
  })

  it('makes durable what it took over before it tells anybody of it', async () => {
    const node = await start()
    await createTopics(node.port, 'orders')
    const crashed = copyOf(node.disk)
    crashed.failNext({ operation: 'sync', pathIncludes: '__cluster_metadata-0' })
    await expect(TestNode.start(crashed)).rejects.toEqual(isOffline)
  })
})

describe('a disk', () => {
  it('that is full refuses the change and nothing else, and takes the next when there is room', async () => {
    const node = await start()
    await createTopics(node.port, 'before')
    const { image } = node
    node.disk.setCapacity(node.disk.usedBytes + 10)
    await expect(createTopics(node.port, 'too-much')).rejects.toEqual(isStorageRefusal)
    expect(node.image).toBe(image)
    expect(await createTopics(node.port, 'before')).toEqual(['TOPIC_ALREADY_EXISTS'])
    node.disk.setCapacity(Number.POSITIVE_INFINITY)
    expect(await createTopics(node.port, 'too-much')).toEqual(['NONE'])
    expect(node.offline).toEqual([])
    const next = await restart(node)
    expect(next.topicNames).toEqual(['before', 'too-much'])
  })

  it('that is full refuses all that were decided together, because the later ones saw the earlier ones', async () => {
    const node = await start()
    node.disk.setCapacity(node.disk.usedBytes + 10)
    const results = await Promise.allSettled([createTopics(node.port, 'a'), createTopics(node.port, 'a'), createTopics(node.port, 'b')])
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([
      isStorageRefusal,
      isStorageRefusal,
      isStorageRefusal,
    ])
    expect(node.topicNames).toEqual([])
  })

  it('whose flush failed takes the controller offline: everything is refused, nothing is shown', async () => {
    const node = await start()
    await createTopics(node.port, 'before')
    const { image } = node
    node.disk.failNext({ operation: 'sync', pathIncludes: '.log' })
    const inFlight = createTopics(node.port, 'in-flight')
    await expect(inFlight).rejects.toEqual(isOffline)
    await expect(createTopics(node.port, 'later')).rejects.toEqual(isOffline)
    await expect(node.port.allocateProducerIds({ brokerId: 1, brokerEpoch: 1 })).rejects.toEqual(isOffline)
    expect(node.image).toBe(image)
    expect(node.offline).toEqual([isOffline])
  })

  it('whose flush failed takes commands along that were waiting', async () => {
    const node = await start()
    const release = node.disk.holdSyncs()
    node.disk.failNext({ operation: 'sync', pathIncludes: '.log' })
    const first = createTopics(node.port, 'first')
    await eventually(() => node.log.logEndOffset > node.log.durableEndOffset)
    const waiting = createTopics(node.port, 'waiting')
    const refused = Promise.all([expect(first).rejects.toEqual(isOffline), expect(waiting).rejects.toEqual(isOffline)])
    release()
    await refused
    expect(node.offline).toHaveLength(1)
  })

  it.each([DISK_ERROR_CODES.full, DISK_ERROR_CODES.failed])('that fails (%s) at the very start is said so', async (code) => {
    const disk = createMemoryDisk()
    await (await TestNode.start(disk)).close()
    disk.failNext({ operation: 'write', pathIncludes: '__cluster_metadata-0', code })
    const expected = code === DISK_ERROR_CODES.full ? CONTROLLER_ERROR_CODES.storage : CONTROLLER_ERROR_CODES.offline
    await expect(TestNode.start(disk)).rejects.toMatchObject({ name: 'ControllerError', code: expected })
    await (await TestNode.start(disk)).close()
  })
})

describe('commands', () => {
  it('that come in one turn share one append and one flush', async () => {
    const node = await start()
    let flushes = 0
    const { onDurable } = node.log
    node.log.onDurable = () => {
      flushes++
      onDurable()
    }
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => createTopics(node.port, `topic-${index}`)))
    expect(answers.flat()).toEqual(answers.map(() => 'NONE'))
    expect(flushes).toBeLessThan(50)
    expect(node.image.topics.size).toBe(50)
  })

  it('are refused alone when they are too large for a batch', async () => {
    const node = await start()
    const value = Array.from({ length: 1000 }, (_, index) => `${index}:1`).join(',')
    const configs = [{ name: 'leader.replication.throttled.replicas', value }]
    const topics = Array.from({ length: 2000 }, (_, index) => newTopic(`large-${index}`, { configs }))
    const [large, small] = await Promise.allSettled([
      node.port.createTopics({ topics, validateOnly: false }),
      createTopics(node.port, 'small'),
    ])
    expect(large).toMatchObject({ status: 'rejected', reason: { code: CONTROLLER_ERROR_CODES.tooLarge } })
    expect(small).toEqual({ status: 'fulfilled', value: ['NONE'] })
    expect(node.topicNames).toEqual(['small'])
  })

  it('are answered before the controller is closed, and refused after', async () => {
    const node = await start()
    const { port } = node
    const answer = createTopics(port, 'last')
    await node.close()
    expect(await answer).toEqual(['NONE'])
    await expect(createTopics(port, 'later')).rejects.toMatchObject({ code: CONTROLLER_ERROR_CODES.closed })
    await node.close()
  })

  it('reach the log of the broker that was asked, whichever command it is', async () => {
    const node = await start()
    const { port } = node
    await createTopics(port, 'orders')
    const sent: readonly [string, (port: ControllerPort) => Promise<readonly string[]>][] = [
      [
        'alterConfigs',
        async () => codes(await port.alterConfigs({ resources: [{ type: 'topic', name: 'orders', configs: [] }], validateOnly: false })),
      ],
      ['incrementalAlterConfigs', () => setTopicConfig(port, 'orders', 'retention.ms', '7')],
      [
        'createPartitions',
        async () => codes(await port.createPartitions({ topics: [{ name: 'orders', count: 2, assignments: null }], validateOnly: false })),
      ],
      ['deleteTopics', () => deleteTopics(port, 'orders')],
    ]
    for (const [name, send] of sent) expect([name, await send(port)]).toEqual([name, ['NONE']])
    expect((await restart(node)).topicNames).toEqual([])
  })
})

it('keeps no snapshot but that of the beginning until one is due', async () => {
  const node = await start()
  await createTopics(node.port, 'orders')
  await node.close()
  expect(metadataFiles(node.disk, '.checkpoint')).toEqual([`${METADATA_DIRECTORY}/00000000000000000000-0000000000.checkpoint`])
})
