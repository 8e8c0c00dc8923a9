/**
 * Keeps damage within what the house promises to survive. A machine that lost something which only its disk had is damaged until it is
 * in sync again everywhere, and for good when records of it rotted, since it may be in sync and not know; while one is, no other may be.
 * What goes beyond that is left out, or done in a milder way.
 */
export interface AtlasOptions {
  /** Whether a cut of the power takes more than was promised to be kept: what topics hold in the page cache alone. */
  readonly isPowerDamaging: boolean
  /** Whether one machine after the other may be damaged: others hold all that was acknowledged. */
  readonly areThereCopies: boolean
  /** Whether every partition of the node has another replica in sync that runs and is undamaged, in the life that is counted on. */
  readonly isHeldElsewhere: (node: string, isFine: (other: string) => boolean) => boolean
  /** Of the node's registration, as far as it is committed. */
  readonly brokerEpoch: (node: string) => number
  /** Whether the node runs and is in sync in every partition that it has. */
  readonly isInSync: (node: string) => boolean
}

export class Atlas {
  readonly #options: AtlasOptions
  /** With the epoch of the registration that it had then: what the metadata says of it is of no use before there is another. */
  readonly #damaged = new Map<string, number>()
  readonly #rotten = new Set<string>()

  constructor(options: AtlasOptions) {
    this.#options = options
  }

  /**
   * Where topics rely on page caches a broker that did not stop in good order is not counted on, whatever it still has: so none may
   * crash while another is damaged.
   */
  mayCrash(node: string): boolean {
    return !this.#options.isPowerDamaging || !this.#isAnotherDamaged(node)
  }

  /** Counts the node as damaged when the answer is yes and it is. */
  mayLosePower(node: string): boolean {
    const { isPowerDamaging, isHeldElsewhere } = this.#options
    if (!isPowerDamaging) return true
    this.#forgetMended()
    return isHeldElsewhere(node, (other) => !this.#isDamaged(other)) && this.mayLoseDisk(node)
  }

  /** Counts the node as damaged when the answer is yes. */
  mayLoseDisk(node: string): boolean {
    const { areThereCopies, brokerEpoch } = this.#options
    if (!areThereCopies || this.#isAnotherDamaged(node)) return false
    this.#damaged.set(node, brokerEpoch(node))
    return true
  }

  /** Counts records of the node as rotten when the answer is yes. */
  mayRot(node: string): boolean {
    const mayRot = this.mayLoseDisk(node)
    if (mayRot) this.#rotten.add(node)
    return mayRot
  }

  #isAnotherDamaged(node: string): boolean {
    this.#forgetMended()
    return [...this.#damaged.keys(), ...this.#rotten].some((other) => other !== node)
  }

  #isDamaged(node: string): boolean {
    return this.#damaged.has(node) || this.#rotten.has(node)
  }

  #forgetMended(): void {
    const { brokerEpoch, isInSync } = this.#options
    for (const [other, epoch] of this.#damaged) if (brokerEpoch(other) !== epoch && isInSync(other)) this.#damaged.delete(other)
  }
}
