import { describe, expect, it } from 'vitest'
import { Atlas, type AtlasOptions } from './atlas.ts'

const NODES = ['a', 'b', 'c']

interface Scene {
  readonly atlas: Atlas
  readonly epochs: Map<string, number>
  readonly inSync: Set<string>
}

function scene(options: Partial<AtlasOptions> = {}): Scene {
  const epochs = new Map(NODES.map((node) => [node, 1]))
  const inSync = new Set(NODES)
  const atlas = new Atlas({
    isPowerDamaging: true,
    areThereCopies: true,
    isHeldElsewhere: (node, isFine) => NODES.some((other) => other !== node && inSync.has(other) && isFine(other)),
    brokerEpoch: (node) => epochs.get(node) ?? -1,
    isInSync: (node) => inSync.has(node),
    ...options,
  })
  return { atlas, epochs, inSync }
}

describe('the atlas', () => {
  it('lets one machine after the other be damaged, each when the one before is in sync again in a new life', () => {
    const { atlas, epochs, inSync } = scene()
    expect(atlas.mayLoseDisk('a')).toBe(true)
    inSync.delete('a')
    expect([atlas.mayLoseDisk('b'), atlas.mayCrash('b'), atlas.mayLoseDisk('a')]).toEqual([false, false, true])
    // The metadata may still say what was before.
    inSync.add('a')
    expect(atlas.mayLoseDisk('b')).toBe(false)
    epochs.set('a', 2)
    expect([atlas.mayCrash('b'), atlas.mayLoseDisk('b')]).toEqual([true, true])
  })

  it('cuts no power that takes what no page cache but this one holds', () => {
    const { atlas, epochs, inSync } = scene()
    inSync.delete('b')
    inSync.delete('c')
    expect(atlas.mayLosePower('a')).toBe(false)
    inSync.add('c')
    expect(atlas.mayLosePower('a')).toBe(true)
    // What the metadata says of a machine that was damaged is of its life before.
    expect([atlas.mayLosePower('c'), atlas.mayCrash('c')]).toEqual([false, false])
    epochs.set('a', 2)
    expect(atlas.mayLosePower('c')).toBe(true)
  })

  it('lets everything crash and lose its power where what is acknowledged is on disks', () => {
    const { atlas } = scene({ isPowerDamaging: false })
    expect(atlas.mayLoseDisk('a')).toBe(true)
    expect(NODES.map((node) => atlas.mayLosePower(node) && atlas.mayCrash(node))).toEqual([true, true, true])
  })

  it('lets none but the same machine be damaged where records rotted, though it is in sync again in a new life', () => {
    const { atlas, epochs } = scene()
    expect(atlas.mayRot('a')).toBe(true)
    epochs.set('a', 2)
    expect([atlas.mayLoseDisk('b'), atlas.mayLosePower('b'), atlas.mayRot('b')]).toEqual([false, false, false])
    expect([atlas.mayRot('a'), atlas.mayLoseDisk('a')]).toEqual([true, true])
  })

  it('lets no disk be lost that has no copy', () => {
    expect(scene({ areThereCopies: false }).atlas.mayLoseDisk('a')).toBe(false)
  })
})
