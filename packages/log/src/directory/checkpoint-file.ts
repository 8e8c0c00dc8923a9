/** A checkpoint file of a log directory: one value per partition, replaced as a whole, writes coalesced. */
import type { Disk, Logger } from '@millrace/runtime'

export interface CheckpointFormat<Value> {
  readonly name: string
  parse(bytes: Uint8Array): Map<string, Value> | null
  format(values: ReadonlyMap<string, Value>): Uint8Array
}

export class CheckpointFile<Value> {
  readonly #disk: Disk
  readonly #path: string
  readonly #format: CheckpointFormat<Value>
  readonly #values: Map<string, Value>
  /** What it said, if anything, could be read when it was loaded. */
  readonly wasFound: boolean
  #isChanged = false
  #writing: Promise<void> | null = null

  private constructor(disk: Disk, path: string, format: CheckpointFormat<Value>, values: Map<string, Value> | null) {
    this.#disk = disk
    this.#path = path
    this.#format = format
    this.#values = values ?? new Map()
    this.wasFound = values !== null
  }

  /** A damaged file counts as an empty one and is reported: what it says can be found out again, at the price of time. */
  static load<Value>(disk: Disk, logger: Logger, directory: string, format: CheckpointFormat<Value>): CheckpointFile<Value> {
    const path = `${directory}/${format.name}`
    if (disk.stat(path) === null) return new CheckpointFile<Value>(disk, path, format, null)
    const values = format.parse(disk.readFile(path))
    if (values === null) logger.error('a checkpoint file is damaged; logs are recovered without it', { path })
    return new CheckpointFile(disk, path, format, values)
  }

  /** By directory name of the partition (`orders-0`). */
  get(name: string): Value | null {
    return this.#values.get(name) ?? null
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value)
    this.#isChanged = true
  }

  delete(name: string): void {
    if (this.#values.delete(name)) this.#isChanged = true
  }

  /** Resolves when all that was set before is durable. Rejects with a `DiskError`; what was set stays set. */
  async write(): Promise<void> {
    while (this.#writing !== null) await this.#writing.catch(() => {})
    if (!this.#isChanged) return
    this.#isChanged = false
    this.#writing = this.#disk.replaceFile(this.#path, this.#format.format(this.#values)).catch((error: unknown) => {
      this.#isChanged = true
      throw error
    })
    try {
      await this.#writing
    } finally {
      this.#writing = null
    }
  }
}
