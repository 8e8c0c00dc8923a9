/**
 * The bytes of one file in memory: a list of blocks, so that a file grows without copying what it holds.
 *
 * The first block grows by doubling until it has the size of the others. A log directory has several small files for each
 * partition, and ten thousand whole blocks would be most of a gigabyte.
 */
const BLOCK_BYTES = 64 * 1024
const SMALLEST_BLOCK_BYTES = 512

export class FileContent {
  #blocks: Uint8Array[] = []
  /** Invariant: bytes between here and the end of the last block are zero, so extending needs no cleaning. */
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Copies out what there is from `position`; returns how many bytes. */
  read(into: Uint8Array, position: number): number {
    const end = Math.min(position + into.length, this.#sizeBytes)
    let at = position
    while (at < end) {
      const offset = at % BLOCK_BYTES
      const piece = this.#block(at).subarray(offset, Math.min(BLOCK_BYTES, offset + end - at))
      into.set(piece, at - position)
      at += piece.length
    }
    return Math.max(0, end - position)
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    const end = position + bytes.length
    if (end > this.#sizeBytes) this.resize(end)
    let at = position
    while (at < end) {
      const offset = at % BLOCK_BYTES
      const count = Math.min(BLOCK_BYTES - offset, end - at)
      this.#block(at).set(bytes.subarray(at - position, at - position + count), offset)
      at += count
    }
  }

  resize(sizeBytes: number): void {
    if (sizeBytes < this.#sizeBytes) this.#shrink(sizeBytes)
    else this.#grow(sizeBytes)
    this.#sizeBytes = sizeBytes
  }

  #grow(sizeBytes: number): void {
    const first = this.#blocks[0]
    const firstBytes = Math.min(BLOCK_BYTES, sizeBytes)
    if (firstBytes > (first?.length ?? 0)) {
      let length = first?.length ?? SMALLEST_BLOCK_BYTES
      while (length < firstBytes) length *= 2
      const larger = new Uint8Array(length)
      if (first !== undefined) larger.set(first)
      this.#blocks[0] = larger
    }
    while (this.#blocks.length * BLOCK_BYTES < sizeBytes) this.#blocks.push(new Uint8Array(BLOCK_BYTES))
  }

  #shrink(sizeBytes: number): void {
    this.#blocks.length = Math.ceil(sizeBytes / BLOCK_BYTES)
    const offset = sizeBytes % BLOCK_BYTES
    if (offset > 0) this.#block(sizeBytes).fill(0, offset)
  }

  #block(position: number): Uint8Array {
    const block = this.#blocks[Math.floor(position / BLOCK_BYTES)]
    if (block === undefined) throw new RangeError(`position ${position} lies outside a file of ${this.#sizeBytes} bytes`)
    return block
  }
}
