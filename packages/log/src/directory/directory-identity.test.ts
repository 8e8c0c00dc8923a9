import { createMemoryDisk, type MemoryDisk, seededRandom } from '@millrace/runtime'
import { beforeEach, describe, expect, it } from 'vitest'
import { META_PROPERTIES } from '../checkpoint/meta-properties.ts'
import { STORAGE_ERROR_CODES } from '../errors.ts'
import { writeFile } from '../testing/damage.ts'
import { identifyDirectory, type ExpectedIdentity, type DirectoryIdentity } from './directory-identity.ts'

const PATH = '/data'
const FILE = `${PATH}/${META_PROPERTIES}`
const CLUSTER = 'mB0s3oWvTxGVWHNTVVlXSA'
const OTHER_CLUSTER = 'AAAAAAAAAAAAAAAAAAAAAA'
const DIRECTORY = 'BBBBBBBBBBBBBBBBBBBBBB'

let disk: MemoryDisk

beforeEach(() => {
  disk = createMemoryDisk()
  disk.createDirectory(PATH)
})

function identify(expected: ExpectedIdentity): Promise<DirectoryIdentity> {
  return identifyDirectory(disk, seededRandom(1), PATH, expected)
}

function stored(text: string): void {
  writeFile(disk, FILE, new TextEncoder().encode(text))
}

it('is made at the first use and is the same at every other', async () => {
  const first = await identify({ nodeId: 3, clusterId: CLUSTER })
  expect(first).toMatchObject({ nodeId: 3, clusterId: CLUSTER })
  expect(first.directoryId).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect(await identify({ nodeId: 3, clusterId: CLUSTER })).toEqual(first)
  expect(await identify({ nodeId: 3 })).toEqual(first)
})

it('makes a cluster of its own where none is known', async () => {
  const first = await identify({ nodeId: 1 })
  expect(first.clusterId).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect((await identify({ nodeId: 1 })).clusterId).toBe(first.clusterId)
})

it('is completed where Kafka left parts of it out', async () => {
  stored(`version=1\ncluster.id=${CLUSTER}\nnode.id=1\n`)
  const found = await identify({ nodeId: 1 })
  expect(found).toMatchObject({ nodeId: 1, clusterId: CLUSTER })
  expect(await identify({ nodeId: 1 })).toEqual(found)
})

it('takes the id that it is given, and keeps it', async () => {
  expect((await identify({ nodeId: 1, directoryId: DIRECTORY })).directoryId).toBe(DIRECTORY)
  expect((await identify({ nodeId: 1 })).directoryId).toBe(DIRECTORY)
  await expect(identify({ nodeId: 1, directoryId: OTHER_CLUSTER })).rejects.toThrow(/has the id B+, not A+; use that id/)
})

it('is refused when it has no identity and should have', async () => {
  await expect(identify({ nodeId: 1, mustBeFormatted: true })).rejects.toThrow(
    /\/data is not formatted: if it is new, run "millrace format"/,
  )
  expect(disk.stat(FILE)).toBeNull()
  await identify({ nodeId: 1 })
  await identify({ nodeId: 1, mustBeFormatted: true })
})

it('is refused when it holds records and nothing says whose', async () => {
  disk.createDirectory(`${PATH}/orders-0`)
  await expect(identify({ nodeId: 1 })).rejects.toThrow(/holds records, but meta.properties is gone; restore it/)
  expect(disk.stat(FILE)).toBeNull()
})

describe('a directory that is not ours', () => {
  it.each<[string, string, RegExp]>([
    [
      'is another node',
      `version=1\nnode.id=2\ncluster.id=${CLUSTER}\ndirectory.id=${DIRECTORY}\n`,
      /belongs to node 2, and this is node 1; use/,
    ],
    [
      'is another cluster',
      `version=1\nnode.id=1\ncluster.id=${OTHER_CLUSTER}\ndirectory.id=${DIRECTORY}\n`,
      /belongs to cluster A+, and this is/,
    ],
    ['is of a newer version', `version=2\nnode.id=1\ncluster.id=${CLUSTER}\n`, /newer version \(format 2, this one knows 1\); upgrade/],
    ['cannot be read', '', /cannot be read; restore it/],
    ['is all zeros', '\0'.repeat(80), /cannot be read; restore it/],
    ['is cut in a number', 'version=1\nnode.id=', /cannot be read; restore it/],
  ])('as its file %s is refused, and left as it is', async (_, content, message) => {
    stored(content)
    const before = disk.readFile(FILE)
    await expect(identify({ nodeId: 1, clusterId: CLUSTER })).rejects.toMatchObject({ code: STORAGE_ERROR_CODES.foreign, path: FILE })
    await expect(identify({ nodeId: 1, clusterId: CLUSTER })).rejects.toThrow(message)
    expect(disk.readFile(FILE)).toEqual(before)
  })
})
