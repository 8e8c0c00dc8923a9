/** A metadata feed that a test writes records to, applied as every broker applies them. */
import { applyRecords, assertImageInvariants, emptyImage } from '@millrace/metadata'
import type { ClusterImage, MetadataFeed, MetadataListener, MetadataRecord } from '@millrace/metadata'

export class RecordFeed implements MetadataFeed {
  readonly #listeners = new Set<MetadataListener>()
  #image: ClusterImage

  constructor(clusterId: string) {
    this.#image = emptyImage(clusterId)
  }

  image(): ClusterImage {
    return this.#image
  }

  subscribe(listener: MetadataListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  commit(...records: readonly MetadataRecord[]): void {
    const { image, delta } = applyRecords(this.#image, records, { offset: this.#image.offset + 1, epoch: 1 })
    assertImageInvariants(image)
    this.#image = image
    for (const listener of this.#listeners) listener(image, delta)
  }
}
