/**
 * A range of a log file that is part of an answer. The encoder counts its bytes, the connection sends them from the file.
 * It holds the file open until it is released, which happens exactly once: when the bytes have left or the peer is gone.
 */
import type { ExternalRecords } from '@millrace/protocol'
import type { DiskFile } from '@millrace/runtime'

export class FileRegion implements ExternalRecords {
  readonly file: DiskFile
  readonly position: number
  readonly sizeBytes: number
  #release: (() => void) | null

  constructor(file: DiskFile, position: number, sizeBytes: number, release: () => void) {
    this.file = file
    this.position = position
    this.sizeBytes = sizeBytes
    this.#release = release
  }

  release(): void {
    const release = this.#release
    this.#release = null
    release?.()
  }
}
