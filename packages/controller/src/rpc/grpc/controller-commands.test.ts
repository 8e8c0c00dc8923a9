/** Every command of the controller and the schemas agree: what is asked arrives as it was asked, and so does the answer. */
import type { ControllerPort } from '@millrace/metadata'
import { nodeClock, seededRandom, silentLogger } from '@millrace/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ControllerChannel, ControllerService } from '../controller-service.ts'
import type { MetadataFetchRequest, MetadataFetchResponse } from '../metadata-fetch.ts'
import { type ControllerServer, openControllerServer } from './controller-server.ts'
import { openGrpcConnector } from './grpc-controller-channel.ts'

type Answers = Pick<ControllerService, keyof ControllerPort | 'fetchMetadataSnapshot'>

type Exchange<Call extends (...args: never[]) => Promise<unknown>> = readonly [
  request: Parameters<Call>[0] | null,
  answer: Awaited<ReturnType<Call>>,
]

const OK = { errorCode: 0, errorMessage: null } as const
const FAILED = { errorCode: 36, errorMessage: 'it is there already' } as const
const configs = [
  { name: 'retention.ms', value: '5' },
  { name: 'cleanup.policy', value: null },
]
const partitions = { ...FAILED, partitions: [{ topic: 't', partition: 1, ...OK }] }

/** Total: a command that the port gains has to be given a line here. Everything that can be null is null once and something once. */
const EXCHANGES: { readonly [Name in keyof Answers]: readonly Exchange<Answers[Name]>[] } = {
  createTopics: [
    [
      {
        topics: [
          { name: 't', partitionCount: -1, replicationFactor: 3, assignments: [{ partition: 0, brokerIds: [1, 2] }], configs },
          { name: '', partitionCount: 0, replicationFactor: 0, assignments: [], configs: [] },
        ],
        validateOnly: true,
      },
      [
        { ...FAILED, name: 't', topicId: null, partitionCount: -1, replicationFactor: -1, configs: null },
        {
          ...OK,
          name: 'u',
          topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
          partitionCount: 3,
          replicationFactor: 2,
          configs: [
            {
              name: 'a',
              value: null,
              source: 1,
              type: 'list',
              isReadOnly: true,
              isSensitive: false,
              documentation: 'what it does',
              synonyms: [{ name: 'a', value: 'b', source: 5 }],
            },
          ],
        },
        { ...OK, name: 'v', topicId: null, partitionCount: 0, replicationFactor: 0, configs: [] },
      ],
    ],
  ],
  deleteTopics: [
    [
      {
        topics: [
          { name: 't', topicId: null },
          { name: null, topicId: 'x' },
        ],
      },
      [
        { ...OK, name: 't', topicId: 'x' },
        { ...FAILED, name: null, topicId: null },
      ],
    ],
  ],
  createPartitions: [
    [
      {
        topics: [
          { name: 't', count: 4, assignments: [[1, 2], [], [3]] },
          { name: 'u', count: 2, assignments: [] },
          { name: 'v', count: 2, assignments: null },
        ],
        validateOnly: false,
      },
      [{ ...OK, name: 't' }],
    ],
  ],
  alterConfigs: [
    [
      { resources: [{ type: 'topic', name: 't', configs }], validateOnly: false },
      [
        { ...OK, type: 'broker', name: '1' },
        { ...OK, type: 'group', name: 'g' },
      ],
    ],
  ],
  incrementalAlterConfigs: [
    [
      {
        resources: [
          {
            type: 'broker',
            name: '',
            configs: [
              { name: 'a', operation: 'set', value: '' },
              { name: 'b', operation: 'delete', value: null },
              { name: 'c', operation: 'append', value: 'x' },
              { name: 'd', operation: 'subtract', value: 'x' },
            ],
          },
        ],
        validateOnly: true,
      },
      [],
    ],
  ],
  updateFeatures: [
    [
      {
        updates: [
          { name: 'f', maxLevel: 2, upgradeType: 'upgrade' },
          { name: 'g', maxLevel: 1, upgradeType: 'safe-downgrade' },
          { name: 'h', maxLevel: 0, upgradeType: 'unsafe-downgrade' },
        ],
        validateOnly: false,
      },
      { ...OK, results: [{ ...FAILED, name: 'f' }] },
    ],
  ],
  registerBroker: [
    [
      {
        brokerId: 1,
        clusterId: 'c',
        incarnationId: 'i',
        listeners: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
        rack: null,
        directoryIds: ['d'],
        features: [{ name: 'f', minLevel: 0, maxLevel: 1 }],
        previousBrokerEpoch: -1,
      },
      { ...OK, brokerEpoch: Number.MAX_SAFE_INTEGER },
    ],
    [
      {
        brokerId: 1,
        clusterId: 'c',
        incarnationId: 'i',
        listeners: [],
        rack: 'r',
        directoryIds: [],
        features: [],
        previousBrokerEpoch: Number.MAX_SAFE_INTEGER,
      },
      { ...FAILED, brokerEpoch: -1 },
    ],
  ],
  heartbeat: [
    [
      {
        brokerId: 1,
        brokerEpoch: 7,
        metadataOffset: -1,
        wantFence: true,
        wantShutdown: false,
        failedPartitions: [{ topicId: 'x', partition: 2 }],
        isDirectoryOffline: true,
      },
      { ...OK, isFenced: true, isCaughtUp: false, shouldShutdown: true },
    ],
  ],
  unregisterBroker: [[{ brokerId: 3 }, FAILED]],
  allocateProducerIds: [
    [
      { brokerId: 1, brokerEpoch: 9 },
      { ...OK, firstProducerId: 2 ** 40, count: 1_000 },
    ],
  ],
  alterPartitions: [
    [
      {
        brokerId: 1,
        brokerEpoch: 2,
        partitions: [
          {
            topicId: 'x',
            partition: 0,
            leaderEpoch: 3,
            partitionEpoch: 4,
            newIsr: [{ brokerId: 1, brokerEpoch: -1 }],
            recoveryState: 'recovering',
          },
        ],
      },
      {
        ...OK,
        partitions: [
          {
            topicId: 'x',
            partition: 0,
            errorCode: 0,
            leader: 1,
            leaderEpoch: 3,
            partitionEpoch: 5,
            isr: [1, 2],
            recoveryState: 'recovered',
          },
        ],
      },
    ],
  ],
  electLeaders: [
    [{ type: 'preferred', partitions: null, timeoutMs: 5 }, partitions],
    [
      { type: 'unclean', partitions: [{ topic: 't', partition: 1 }], timeoutMs: 0 },
      { ...OK, partitions: [] },
    ],
    [{ type: 'unclean', partitions: [], timeoutMs: 0 }, partitions],
  ],
  alterPartitionReassignments: [
    [
      {
        partitions: [
          { topic: 't', partition: 0, replicas: [3, 1] },
          { topic: 't', partition: 1, replicas: null },
          { topic: 't', partition: 2, replicas: [] },
        ],
        allowReplicationFactorChange: true,
      },
      partitions,
    ],
  ],
  registerController: [[{ clusterId: 'c', nodeId: 1, directoryId: 'd', host: 'h', port: 1 }, OK]],
  describeQuorum: [
    [
      null,
      {
        leaderId: -1,
        leaderEpoch: 3,
        highWatermark: 100,
        voters: [{ nodeId: 1, directoryId: 'd', logEndOffset: 100, lastFetchMs: 1_790_000_000_000, lastCaughtUpMs: -1 }],
        observers: [],
        nodes: [{ nodeId: 1, host: '::1', port: 9093 }],
      },
    ],
  ],
  addVoter: [[{ nodeId: 4, directoryId: 'd', host: 'h', port: 9093 }, FAILED]],
  removeVoter: [[{ nodeId: 4, directoryId: 'd' }, OK]],
  fetchMetadataSnapshot: [
    [
      { clusterId: 'c', snapshot: { offset: 5, epoch: 2 }, position: 0, maxBytes: 10 },
      { sizeBytes: 3, bytes: Uint8Array.of(1, 2, 3) },
    ],
    [
      { clusterId: 'c', snapshot: { offset: 5, epoch: 2 }, position: 2 ** 40, maxBytes: 10 },
      { sizeBytes: null, bytes: new Uint8Array(0) },
    ],
  ],
}

const FETCH: MetadataFetchRequest = { clusterId: 'c', nodeId: 1, offset: -1, epoch: -1, maxBytes: 5, maxWaitMs: 0 }
const leader = { nodeId: 2, host: 'h', port: 9093 }

const FETCHES: readonly MetadataFetchResponse[] = [
  { type: 'batches', batches: [], leader: null },
  { type: 'batches', batches: [{ offset: 2 ** 50, epoch: 3, bytes: Uint8Array.of(9) }], leader },
  { type: 'snapshot', snapshot: { offset: 7, epoch: 1 }, leader },
  { type: 'lagging', offset: -1, leader: null },
  { type: 'alarm', reason: 'other-cluster', message: 'm', leader: null },
  { type: 'alarm', reason: 'diverged', message: 'm', leader },
]

describe('over the wire', () => {
  let server: ControllerServer
  let channel: ControllerChannel

  beforeAll(async () => {
    const runtime = { clock: nodeClock, random: seededRandom(1), logger: silentLogger }
    server = await openControllerServer({ runtime, host: '127.0.0.1', port: 0, clusterId: 'c', raftId: '1@a' })
    const connector = await openGrpcConnector({ clock: nodeClock })
    channel = connector.connect({ nodeId: 1, host: '127.0.0.1', port: server.port })
  })

  afterAll(async () => {
    await channel.close()
    await server.close()
  })

  const cases = Object.entries(EXCHANGES).flatMap(([name, exchanges]) =>
    exchanges.map(([request, answer]) => [name, request, answer] as const),
  )

  it.each(cases)('%s', async (name, request, answer) => {
    const asked: unknown[] = []
    const ask = (command: unknown): Promise<unknown> => {
      asked.push(command)
      return Promise.resolve(answer)
    }
    server.serve({ [name]: ask, metadataOffset: () => 77 } as unknown as ControllerService)
    const call = channel[name as keyof Answers] as (request: unknown) => Promise<unknown>
    expect(await call.call(channel, request)).toEqual(answer)
    expect(asked).toEqual([request ?? {}])
    expect(channel.metadataOffset()).toBe(77)
  })

  it.each(FETCHES)('fetchMetadata: $type', async (answer) => {
    server.serve({ fetchMetadata: () => Promise.resolve(answer), metadataOffset: () => 77 } as unknown as ControllerService)
    expect(await channel.fetchMetadata(FETCH)).toEqual(answer)
  })
})
