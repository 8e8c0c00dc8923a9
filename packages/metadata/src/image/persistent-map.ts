/**
 * An immutable map from strings, in which `set` and `delete` answer with a new map that shares all but a few nodes.
 *
 * A cluster image holds tens of thousands of topics and a new image is made for each committed command, so copying a
 * native map each time would cost more than the command. This is a hash array mapped trie: 32 branches a level, which makes
 * a change copy two or three small arrays. Iteration order follows the hashes and means nothing; sort where order matters.
 *
 * Many changes at once (`setAll`) copy each branch once and then change the copy in place, for as long as nobody else has it.
 */
const BITS = 5
const MASK = 31
/** Beyond this depth no bits of the hash are left and equal hashes are told apart one by one. */
const SHIFT_MAX = 30

type Node<V> = Leaf<V> | Branch<V> | Collision<V>

interface Leaf<V> {
  readonly type: 'leaf'
  readonly hash: number
  readonly key: string
  readonly value: V
}

/** Stands for one call of `setAll`: the branches that it made are its own until it returns. */
type Owner = object

/** Invariant: `slots.length` is the number of bits set in `bitmap`, and a branch is never empty. */
interface Branch<V> {
  readonly type: 'branch'
  /** Who may change it. Null, and whoever has returned: nobody. */
  readonly owner: Owner | null
  bitmap: number
  readonly slots: Node<V>[]
}

/** Invariant: two or more leaves, all with the same hash. */
interface Collision<V> {
  readonly type: 'collision'
  readonly hash: number
  readonly leaves: readonly Leaf<V>[]
}

export class PersistentMap<V> {
  readonly size: number
  readonly #root: Node<V> | null
  static readonly #empty: PersistentMap<never> = new PersistentMap<never>(null, 0)

  private constructor(root: Node<V> | null, size: number) {
    this.#root = root
    this.size = size
  }

  static empty<V>(): PersistentMap<V> {
    return PersistentMap.#empty as unknown as PersistentMap<V>
  }

  static from<V>(entries: Iterable<readonly [string, V]>): PersistentMap<V> {
    return PersistentMap.empty<V>().setAll(entries)
  }

  get(key: string): V | undefined {
    return find(this.#root, key, hashOf(key))?.value
  }

  has(key: string): boolean {
    return find(this.#root, key, hashOf(key)) !== undefined
  }

  set(key: string, value: V): PersistentMap<V> {
    const leaf: Leaf<V> = { type: 'leaf', hash: hashOf(key), key, value }
    const isNew = find(this.#root, key, leaf.hash) === undefined
    return new PersistentMap<V>(withLeaf(this.#root, leaf, 0, null), isNew ? this.size + 1 : this.size)
  }

  /** Of entries with the same key the last one counts. */
  setAll(entries: Iterable<readonly [string, V]>): PersistentMap<V> {
    const owner: Owner = {}
    let root = this.#root
    let size = this.size
    for (const [key, value] of entries) {
      const leaf: Leaf<V> = { type: 'leaf', hash: hashOf(key), key, value }
      if (find(root, key, leaf.hash) === undefined) size++
      root = withLeaf(root, leaf, 0, owner)
    }
    return root === this.#root ? this : new PersistentMap<V>(root, size)
  }

  delete(key: string): PersistentMap<V> {
    if (this.#root === null || !this.has(key)) return this
    const root = withoutKey(this.#root, key, hashOf(key), 0)
    return root === null ? PersistentMap.empty<V>() : new PersistentMap<V>(root, this.size - 1)
  }

  *entries(): Generator<readonly [string, V], undefined> {
    if (this.#root !== null) yield* entriesOf(this.#root)
    return undefined
  }

  *keys(): Generator<string, undefined> {
    for (const [key] of this.entries()) yield key
    return undefined
  }

  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value
    return undefined
  }

  [Symbol.iterator](): Generator<readonly [string, V], undefined> {
    return this.entries()
  }
}

/** FNV-1a with a final mix, because the trie consumes the low bits first. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555)
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333)
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function find<V>(root: Node<V> | null, key: string, hash: number): Leaf<V> | undefined {
  let node = root
  let shift = 0
  while (node !== null) {
    if (node.type === 'branch') {
      const bit = 1 << ((hash >>> shift) & MASK)
      if ((node.bitmap & bit) === 0) return undefined
      node = node.slots[bitCount(node.bitmap & (bit - 1))] ?? null
      shift += BITS
    } else if (node.type === 'leaf') {
      return node.key === key ? node : undefined
    } else {
      return node.leaves.find((leaf) => leaf.key === key)
    }
  }
  return undefined
}

function withLeaf<V>(node: Node<V> | null, leaf: Leaf<V>, shift: number, owner: Owner | null): Node<V> {
  if (node === null) return leaf
  switch (node.type) {
    case 'leaf':
      return node.key === leaf.key ? leaf : split(node, leaf, shift, owner)
    case 'collision': {
      if (node.hash !== leaf.hash) return split(node, leaf, shift, owner)
      return { type: 'collision', hash: node.hash, leaves: [...node.leaves.filter((other) => other.key !== leaf.key), leaf] }
    }
    case 'branch': {
      const bit = 1 << ((leaf.hash >>> shift) & MASK)
      const index = bitCount(node.bitmap & (bit - 1))
      const isOwn = owner !== null && node.owner === owner
      const branch: Branch<V> = isOwn ? node : { type: 'branch', owner, bitmap: node.bitmap, slots: node.slots.slice() }
      if ((node.bitmap & bit) === 0) branch.slots.splice(index, 0, leaf)
      else branch.slots[index] = withLeaf(branch.slots[index] ?? null, leaf, shift + BITS, owner)
      branch.bitmap |= bit
      return branch
    }
  }
}

/** The smallest subtree that holds both, whose keys differ. */
function split<V>(node: Leaf<V> | Collision<V>, leaf: Leaf<V>, shift: number, owner: Owner | null): Node<V> {
  if (node.hash === leaf.hash) {
    return { type: 'collision', hash: leaf.hash, leaves: node.type === 'leaf' ? [node, leaf] : [...node.leaves, leaf] }
  }
  // Different 32-bit hashes differ in some 5-bit group at or below this depth.
  if (shift > SHIFT_MAX) throw new Error(`invariant: hashes ${node.hash} and ${leaf.hash} must differ above bit ${shift}`)
  const oldIndex = (node.hash >>> shift) & MASK
  const newIndex = (leaf.hash >>> shift) & MASK
  if (oldIndex === newIndex) {
    return { type: 'branch', owner, bitmap: 1 << oldIndex, slots: [split(node, leaf, shift + BITS, owner)] }
  }
  const slots = oldIndex < newIndex ? [node, leaf] : [leaf, node]
  return { type: 'branch', owner, bitmap: (1 << oldIndex) | (1 << newIndex), slots }
}

/** The key is known to be there. Null when nothing is left. */
function withoutKey<V>(node: Node<V>, key: string, hash: number, shift: number): Node<V> | null {
  switch (node.type) {
    case 'leaf':
      return null
    case 'collision': {
      const leaves = node.leaves.filter((leaf) => leaf.key !== key)
      const [only] = leaves
      return leaves.length === 1 && only !== undefined ? only : { type: 'collision', hash: node.hash, leaves }
    }
    case 'branch': {
      const bit = 1 << ((hash >>> shift) & MASK)
      const index = bitCount(node.bitmap & (bit - 1))
      const child = node.slots[index]
      if (child === undefined) return node
      const rest = withoutKey(child, key, hash, shift + BITS)
      const slots = node.slots.slice()
      if (rest === null) slots.splice(index, 1)
      else slots[index] = rest
      const [only] = slots
      if (only === undefined) return null
      // A lone leaf moves up, so that a map's shape depends on what it holds and not on how it came about.
      if (slots.length === 1 && only.type !== 'branch') return only
      return { type: 'branch', owner: null, bitmap: rest === null ? node.bitmap & ~bit : node.bitmap, slots }
    }
  }
}

function* entriesOf<V>(node: Node<V>): Generator<readonly [string, V], undefined> {
  if (node.type === 'leaf') yield [node.key, node.value]
  else if (node.type === 'collision') for (const leaf of node.leaves) yield [leaf.key, leaf.value]
  else for (const slot of node.slots) yield* entriesOf(slot)
  return undefined
}
