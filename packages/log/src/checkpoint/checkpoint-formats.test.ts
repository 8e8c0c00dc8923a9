/** The small files of a log directory: what is written is read again, and what is damaged is seen. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatCleanShutdown, parseCleanShutdown } from './clean-shutdown.ts'
import { formatLeaderEpochCheckpoint, parseLeaderEpochCheckpoint } from './leader-epoch-checkpoint.ts'
import { formatMetaProperties, parseMetaProperties } from './meta-properties.ts'
import { formatOffsetCheckpoint, parseOffsetCheckpoint } from './offset-checkpoint.ts'
import { formatPartitionMetadata, parsePartitionMetadata } from './partition-metadata.ts'
import { formatRecoveryPositions, parseRecoveryPositions } from './recovery-position-checkpoint.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (content: Uint8Array): string => new TextDecoder().decode(content)

const topic = fc.stringMatching(/^[A-Za-z0-9._-]{1,30}$/)
const partitionName = fc.tuple(topic, fc.nat(2 ** 31 - 1)).map(([name, partition]) => `${name}-${partition}`)
const offset = fc.maxSafeNat()
const uuid = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/)

describe('offsets by partition', () => {
  it('are written as Kafka writes them', () => {
    const offsets = new Map([
      ['orders-0', 17],
      ['a-b-1', 9],
    ])
    expect(text(formatOffsetCheckpoint(offsets))).toBe('0\n2\norders 0 17\na-b 1 9\n')
    expect(text(formatOffsetCheckpoint(new Map()))).toBe('0\n0\n')
  })

  it('are read again (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(partitionName, offset)), (entries) => {
        const offsets = new Map(entries)
        expect(parseOffsetCheckpoint(formatOffsetCheckpoint(offsets))).toEqual(offsets)
      }),
    )
  })

  it.each<[string, string, [string, number][]]>([
    ['no entries', '0\n0\n', []],
    ['no last line break', '0\n1\norders 0 17', [['orders-0', 17]]],
    ['line breaks of Windows', '0\r\n1\r\norders 0 17\r\n', [['orders-0', 17]]],
    ['more spaces', '0\n1\n orders  0\t17 \n', [['orders-0', 17]]],
  ])('are read with %s', (_, content, expected) => {
    expect(parseOffsetCheckpoint(bytes(content))).toEqual(new Map(expected))
  })

  it.each<[string, string]>([
    ['empty', ''],
    ['of zeros', '\0\0\0\0\0\0'],
    ['of another version', '1\n0\n'],
    ['without a count', '0\n'],
    ['with more entries than the count says', '0\n1\na 0 1\nb 0 1\n'],
    ['with fewer entries than the count says', '0\n2\na 0 1\n'],
    ['with an empty line', '0\n1\n\na 0 1\n'],
    ['cut in the middle of a line', '0\n2\na 0 1\nb 0'],
    ['with a negative count', '0\n-1\n'],
    ['with a negative offset', '0\n1\na 0 -1\n'],
    ['with a negative partition', '0\n1\na -1 1\n'],
    ['with a number that is none', '0\n1\na 0 1x\n'],
    ['with a number with a fraction', '0\n1\na 0 1.5\n'],
    ['with a number beyond the safe ones', '0\n1\na 0 9007199254740993\n'],
    ['with an exponent', '0\n1\na 0 1e3\n'],
    ['with more fields', '0\n1\na 0 1 2\n'],
    ['with fewer fields', '0\n1\na 0\n'],
  ])('are not read from a file %s', (_, content) => {
    expect(parseOffsetCheckpoint(bytes(content))).toBeNull()
  })

  it('are not read from half a file, except where what is left is a number too (property)', () => {
    const whole = formatOffsetCheckpoint(new Map([['orders-0', 1234]]))
    for (let size = 0; size < whole.length; size += 1) {
      const found = parseOffsetCheckpoint(whole.subarray(0, size))
      // Checkpoints are replaced as a whole, so no crash leaves this.
      if (size > 13) expect(found).not.toBeNull()
      else expect(found).toBeNull()
    }
  })
})

describe('leader epochs', () => {
  it('are written as Kafka writes them', () => {
    const entries = [
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 120 },
    ]
    expect(text(formatLeaderEpochCheckpoint(entries))).toBe('0\n2\n0 0\n3 120\n')
  })

  it('are read again (property)', () => {
    const ascending = fc.uniqueArray(fc.nat(1000)).map((values) => values.sort((a, b) => a - b))
    fc.assert(
      fc.property(ascending, ascending, (epochs, offsets) => {
        const entries = epochs.slice(0, offsets.length).map((epoch, index) => ({ epoch, startOffset: offsets[index] as number }))
        expect(parseLeaderEpochCheckpoint(formatLeaderEpochCheckpoint(entries))).toEqual(entries)
      }),
    )
  })

  it.each<[string, string]>([
    ['that fall', '0\n2\n3 0\n2 10\n'],
    ['that stand still', '0\n2\n3 0\n3 10\n'],
    ['whose offsets fall', '0\n2\n2 10\n3 9\n'],
    ['below zero', '0\n1\n-1 0\n'],
    ['with offsets below zero', '0\n1\n0 -1\n'],
    ['with three numbers', '0\n1\n0 0 0\n'],
    ['with one number', '0\n1\n0\n'],
  ])('%s are not read', (_, content) => {
    expect(parseLeaderEpochCheckpoint(bytes(content))).toBeNull()
  })
})

describe('recovery positions', () => {
  const at = { recoveryPoint: 120, segmentBaseOffset: 100, position: 4711, maxTimestamp: 1_700_000_000_000, maxTimestampOffset: 118 }

  it('are one line each', () => {
    expect(text(formatRecoveryPositions(new Map([['a-b-7', at]])))).toBe('0\n1\na-b 7 120 100 4711 1700000000000 118\n')
  })

  it('are read again (property)', () => {
    const position = fc
      .record({
        base: fc.nat(),
        above: fc.nat(),
        position: offset,
        maxTimestamp: fc.integer({ min: -1 }),
        maxTimestampOffset: fc.integer({ min: -1 }),
      })
      .map(({ base, above, ...rest }) => ({ recoveryPoint: base + above, segmentBaseOffset: base, ...rest }))
    fc.assert(
      fc.property(fc.array(fc.tuple(partitionName, position)), (entries) => {
        const positions = new Map(entries)
        expect(parseRecoveryPositions(formatRecoveryPositions(positions))).toEqual(positions)
      }),
    )
  })

  it.each<[string, string]>([
    ['a segment that begins after the recovery point', 'a 0 120 121 0 -1 -1'],
    ['a position below zero', 'a 0 120 100 -1 -1 -1'],
    ['a segment below zero', 'a 0 120 -1 5 -1 -1'],
    ['a time below that of records without one', 'a 0 120 100 5 -2 -1'],
    ['too few fields', 'a 0 120 100 5 -1'],
    ['too many fields', 'a 0 120 100 5 -1 -1 3'],
    ['no number', 'a 0 120 100 x -1 -1'],
  ])('with %s are not read', (_, line) => {
    expect(parseRecoveryPositions(bytes(`0\n1\n${line}\n`))).toBeNull()
  })
})

describe('meta.properties', () => {
  const properties = { version: 1, nodeId: 3, clusterId: 'mB0s3oWvTxGVWHNTVVlXSA', directoryId: 'AAAAAAAAAAAAAAAAAAAAAg' }

  it('is read again (property)', () => {
    fc.assert(
      fc.property(fc.nat(), fc.option(fc.nat()), fc.option(uuid), fc.option(uuid), (version, nodeId, clusterId, directoryId) => {
        const given = { version, nodeId, clusterId, directoryId }
        expect(parseMetaProperties(formatMetaProperties(given))).toEqual(given)
      }),
    )
  })

  it('is read as Kafka writes it', () => {
    const content =
      '#\n#Thu Nov 20 10:00:00 UTC 2026\ncluster.id=mB0s3oWvTxGVWHNTVVlXSA\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAg\nnode.id=3\nversion=1\n'
    expect(parseMetaProperties(bytes(content))).toEqual(properties)
    expect(parseMetaProperties(bytes('version : 1\r\n  node.id = 3\r\nbroker.rack=x\r\n'))).toEqual({
      version: 1,
      nodeId: 3,
      clusterId: null,
      directoryId: null,
    })
  })

  it.each<[string, string]>([
    ['empty', ''],
    ['zeros', '\0\0\0\0'],
    ['without a version', 'node.id=1\n'],
    ['with an empty version', 'version=\nnode.id=1\n'],
    ['with a version that is no number', 'version=one\n'],
    ['with an empty node id', 'version=1\nnode.id=\n'],
    ['with a node id that is no number', 'version=1\nnode.id=x1\n'],
    ['with a negative node id', 'version=1\nnode.id=-1\n'],
  ])('is not read when it is %s', (_, content) => {
    expect(parseMetaProperties(bytes(content))).toBeNull()
  })
})

describe('partition.metadata', () => {
  it('is written as Kafka writes it, and read again (property)', () => {
    fc.assert(
      fc.property(uuid, (id) => {
        expect(parsePartitionMetadata(formatPartitionMetadata(id))).toBe(id)
      }),
    )
    expect(text(formatPartitionMetadata('mB0s3oWvTxGVWHNTVVlXSA'))).toBe('version: 0\ntopic_id: mB0s3oWvTxGVWHNTVVlXSA')
    expect(parsePartitionMetadata(bytes('version: 0\r\ntopic_id: mB0s3oWvTxGVWHNTVVlXSA\r\n'))).toBe('mB0s3oWvTxGVWHNTVVlXSA')
  })

  it.each([
    '',
    '\0'.repeat(40),
    'version: 1\ntopic_id: mB0s3oWvTxGVWHNTVVlXSA',
    'version: 0\ntopic_id: mB0s3oWvTxGVWHNTVVlXS',
    'version: 0\ntopic_id: mB0s3oWvTxGVWHNTVVlXSAA',
    'version: 0\ntopic_id: mB0s3oWvTxGVWHNTVVlXS!',
    'topic_id: mB0s3oWvTxGVWHNTVVlXSA',
  ])('%o is none', (content) => {
    expect(parsePartitionMetadata(bytes(content))).toBeNull()
  })
})

describe('the mark of a clean stop', () => {
  it('is written as Kafka writes it, and read again', () => {
    expect(text(formatCleanShutdown(27))).toBe('{"version":0,"brokerEpoch":27}')
    expect(parseCleanShutdown(formatCleanShutdown(27))).toBe(27)
    expect(parseCleanShutdown(bytes('{ "brokerEpoch": -1, "version": 0 }'))).toBe(-1)
  })

  it.each(['', '\0\0', '{', '[]', 'null', '0', '{"version":1,"brokerEpoch":1}', '{"version":0}', '{"version":0,"brokerEpoch":"1"}'])(
    '%o is none',
    (content) => {
      expect(parseCleanShutdown(bytes(content))).toBeNull()
    },
  )
})

it('takes any bytes without a fault (property)', () => {
  const parsers = [
    parseOffsetCheckpoint,
    parseLeaderEpochCheckpoint,
    parseRecoveryPositions,
    parseMetaProperties,
    parsePartitionMetadata,
    parseCleanShutdown,
  ]
  const text = fc.string({ unit: fc.constantFrom('0', '1', '9', ' ', '\n', '-', 'a', '{', '=', '\0', '\u00ff') }).map(bytes)
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), text), (content) => {
      for (const parse of parsers) parse(content)
    }),
    { numRuns: 500 },
  )
})
