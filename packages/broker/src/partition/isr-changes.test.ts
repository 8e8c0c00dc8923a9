/** What the controller is asked for, how often, and what becomes of its answers. */
import type { AlterPartitionsCommand } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerFixture } from '../testing/broker-fixture.ts'
import { settled } from '../testing/settled.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await BrokerFixture.start()
  for (const nodeId of [2, 3]) broker.addBroker(nodeId)
})

afterEach(() => broker.close())

function commands(): AlterPartitionsCommand[] {
  return broker.controller.commands.filter(({ name }) => name === 'alterPartitions').map(({ command }) => command as AlterPartitionsCommand)
}

/** Partitions led here, with this broker alone in sync. */
async function led(count: number): Promise<void> {
  broker.addTopic(
    'a',
    Array.from({ length: count }, () => [1, 2, 3]),
  )
  for (let index = 0; index < count; index += 1) {
    broker.changePartition('a', index, { isr: [1] })
    await broker.log('a', index)
  }
}

function fetch(index: number, replicaId: number): void {
  const brokerEpoch = broker.feed.image().brokers.get(replicaId)?.epoch ?? -1
  broker.partition('a', index).onFetchByReplica(replicaId, { brokerEpoch, fetchOffset: 0, logStartOffset: 0 })
}

describe('changes of in-sync replicas', () => {
  it('of one turn go in one call, with the epochs that the members stated themselves', async () => {
    await led(3)
    for (const index of [0, 1, 2]) fetch(index, 2)
    await settled()
    const [command, ...others] = commands()
    expect(others).toEqual([])
    const epochOf = (nodeId: number): number => broker.feed.image().brokers.get(nodeId)?.epoch ?? -1
    const newIsr = [1, 2].map((brokerId) => ({ brokerId, brokerEpoch: epochOf(brokerId) }))
    expect(command).toMatchObject({ brokerId: 1, brokerEpoch: epochOf(1) })
    expect(command?.partitions).toMatchObject([0, 1, 2].map((partition) => ({ partition, leaderEpoch: 0, partitionEpoch: 1, newIsr })))
  })

  it('wait while a call is under way', async () => {
    await led(2)
    const answer = Promise.withResolvers<unknown>()
    const { answers } = broker.controller
    answers.alterPartitions = () => answer.promise
    fetch(0, 2)
    await settled()
    fetch(1, 2)
    await settled()
    expect(commands()).toHaveLength(1)
    delete answers.alterPartitions
    answer.resolve({ errorCode: ERROR_CODES.NONE, errorMessage: null, partitions: [] })
    await settled()
    // What was not answered, though the call was, is asked for again after a pause, and so is the other.
    broker.clock.advance(50)
    await settled()
    expect(
      commands()
        .at(-1)
        ?.partitions.map(({ partition }) => partition),
    ).toEqual([1, 0])
  })

  it.each([
    ['the controller is gone', new Error('gone')],
    ['another controller leads', { errorCode: ERROR_CODES.NOT_CONTROLLER, errorMessage: null, partitions: [] }],
    ['the broker has to register again', { errorCode: ERROR_CODES.STALE_BROKER_EPOCH, errorMessage: null, partitions: [] }],
  ])('are asked for again, later and later, while %s', async (_, refusal) => {
    await led(1)
    broker.controller.answers.alterPartitions = () => refusal
    fetch(0, 2)
    await settled()
    const pauses: number[] = []
    for (let call = 1; call < 8; call += 1) {
      let pauseMs = 0
      while (commands().length === call) {
        broker.clock.advance(50)
        pauseMs += 50
        await settled()
      }
      pauses.push(pauseMs)
    }
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000])
  })

  it('are forgotten when the broker does not lead any more', async () => {
    await led(1)
    broker.controller.answers.alterPartitions = () => new Error('gone')
    fetch(0, 2)
    await settled()
    broker.changePartition('a', 0, { leader: 2, isr: [2] })
    broker.clock.advance(10_000)
    await settled()
    expect(commands()).toHaveLength(1)
  })

  it('are taken up again when the cluster counts on this broker again', async () => {
    await led(1)
    broker.controller.answers.alterPartitions = () => new Error('gone')
    fetch(0, 2)
    await settled()
    broker.services.partitions.setServing(false)
    broker.clock.advance(10_000)
    await settled()
    expect(commands()).toHaveLength(1)
    delete broker.controller.answers.alterPartitions
    broker.services.partitions.setServing(true)
    await settled()
    expect(commands()).toHaveLength(2)
    expect(broker.partition('a').replica?.isr).toEqual([1, 2])
  })
})
