import { FEATURES, type FeatureUpdate, SUPPORTED_FEATURES } from '@millrace/metadata'
import { errorName } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { TestCluster } from './testing/cluster.ts'
import { beginWithFeatures, updateFeatures, updateFeaturesOf } from './update-features.ts'

/** A registry of a later day. */
const LATER = [
  { name: 'a.version', minLevel: 1, maxLevel: 5, losslessDownTo: 2 },
  { name: 'b.version', minLevel: 1, maxLevel: 3, losslessDownTo: 1 },
]

/** With a.version at 3; one of the brokers goes no further than 4. */
function cluster(): TestCluster {
  const range = (name: string, maxLevel: number) => ({ name, minLevel: 1, maxLevel })
  const made = new TestCluster([
    { id: 1, features: [range('a.version', 5), range('b.version', 3)] },
    { id: 2, features: [range('a.version', 4), range('b.version', 3)] },
  ])
  made.apply([{ type: 'feature-level', name: 'a.version', level: 3 }])
  return made
}

function update(made: TestCluster, updates: readonly FeatureUpdate[], validateOnly = false) {
  const outcome = made.run(updateFeaturesOf(LATER), { updates, validateOnly })
  return [errorName(outcome.errorCode), ...outcome.results.map(({ errorCode }) => errorName(errorCode))]
}

const to = (name: string, maxLevel: number, upgradeType: FeatureUpdate['upgradeType'] = 'upgrade'): FeatureUpdate => ({
  name,
  maxLevel,
  upgradeType,
})

describe('a level', () => {
  it.each<[string, FeatureUpdate, string, number]>([
    ['can be raised', to('a.version', 4), 'NONE', 4],
    ['can be raised to where it is', to('a.version', 3), 'NONE', 3],
    ['cannot be raised beyond what a broker supports', to('a.version', 5), 'INVALID_UPDATE_VERSION', 3],
    ['cannot be raised beyond what the controller supports', to('a.version', 6), 'INVALID_UPDATE_VERSION', 3],
    ['cannot be taken away', to('a.version', 0, 'unsafe-downgrade'), 'INVALID_UPDATE_VERSION', 3],
    ['is not lowered by an upgrade', to('a.version', 2), 'INVALID_UPDATE_VERSION', 3],
    ['is not raised by a downgrade', to('a.version', 4, 'safe-downgrade'), 'INVALID_UPDATE_VERSION', 3],
    ['can be lowered where nothing is lost', to('a.version', 2, 'safe-downgrade'), 'NONE', 2],
    ['is not lowered where something is lost', to('a.version', 1, 'safe-downgrade'), 'INVALID_UPDATE_VERSION', 3],
    ['can be lowered all the same', to('a.version', 1, 'unsafe-downgrade'), 'NONE', 1],
    ['of an unknown feature is none', to('metadata.version', 1), 'INVALID_UPDATE_VERSION', 3],
  ])('%s', (_what, wanted, error, level) => {
    const made = cluster()
    expect(update(made, [wanted])).toEqual([error, error])
    expect(made.image.features.get('a.version')).toBe(level)
  })
})

it('all updates of a request take effect, or none', () => {
  const made = cluster()
  expect(update(made, [to('b.version', 2), to('a.version', 9)])).toEqual(['INVALID_UPDATE_VERSION', 'NONE', 'INVALID_UPDATE_VERSION'])
  expect([...made.image.features]).toEqual([['a.version', 3]])
  expect(update(made, [to('b.version', 2), to('a.version', 4)])).toEqual(['NONE', 'NONE', 'NONE'])
  expect(Object.fromEntries(made.image.features)).toEqual({ 'a.version': 4, 'b.version': 2 })
})

it('a request that only asks changes nothing; one that names a feature twice is refused', () => {
  const made = cluster()
  const before = made.image
  expect(update(made, [to('a.version', 4)], true)).toEqual(['NONE', 'NONE'])
  expect(update(made, [to('a.version', 4), to('a.version', 3)])).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST', 'INVALID_REQUEST'])
  expect(made.image).toBe(before)
})

describe('a new cluster', () => {
  it('begins with the highest levels, once', () => {
    const made = new TestCluster([{ id: 1, features: SUPPORTED_FEATURES }])
    made.run(beginWithFeatures, null)
    expect([...made.image.features]).toEqual(FEATURES.map(({ name, maxLevel }) => [name, maxLevel]))
    const before = made.image
    made.run(beginWithFeatures, null)
    expect(made.image).toBe(before)
    expect(errorName(made.run(updateFeatures, { updates: [to('millrace.version', 2)], validateOnly: false }).errorCode)).toBe(
      'INVALID_UPDATE_VERSION',
    )
  })

  it('leaves out what a broker of an older build does not have', () => {
    const made = new TestCluster([{ id: 1, features: [] }])
    made.run(beginWithFeatures, null)
    expect(made.image.features.size).toBe(0)
  })
})
