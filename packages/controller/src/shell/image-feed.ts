/**
 * Follows the quorum: applies what is committed and tells the listeners. The image here is the only copy of the metadata.
 */
import {
  applyRecords,
  type ClusterImage,
  emptyImage,
  imageDelta,
  type ImageDelta,
  type MetadataFeed,
  type MetadataListener,
} from '@millrace/metadata'
import { invariant, type Logger } from '@millrace/runtime'
import { METADATA_STORAGE_ERROR_CODES, MetadataStorageError } from './errors.ts'
import type { CommittedBatch, QuorumObserver } from './metadata-quorum.ts'

export class ImageFeed implements MetadataFeed, Omit<QuorumObserver, 'onLeadership'> {
  readonly #listeners = new Set<MetadataListener>()
  readonly #logger: Logger
  #image: ClusterImage

  constructor(clusterId: string, logger: Logger) {
    this.#image = emptyImage(clusterId)
    this.#logger = logger
  }

  image(): ClusterImage {
    return this.#image
  }

  subscribe(listener: MetadataListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  onSnapshot(image: ClusterImage): void {
    const before = this.#image
    invariant(image.offset >= before.offset, 'a snapshot takes nothing back', { offset: image.offset, last: before.offset })
    if (image.clusterId !== this.#image.clusterId) {
      throw new MetadataStorageError(
        METADATA_STORAGE_ERROR_CODES.otherCluster,
        `the metadata snapshot belongs to cluster ${image.clusterId}, this node to ${this.#image.clusterId}`,
      )
    }
    this.#image = image
    this.#tell(image, imageDelta(before, image))
  }

  onCommitted(batch: CommittedBatch): void {
    const expected = this.#image.offset + 1
    invariant(batch.offset === expected, 'committed batches have no gaps', { offset: batch.offset, expected })
    invariant(batch.epoch >= this.#image.epoch, 'epochs do not fall', { epoch: batch.epoch, last: this.#image.epoch })
    const { image, delta } = applyRecords(this.#image, batch.records, batch)
    this.#image = image
    this.#tell(image, delta)
  }

  /** A listener that throws must not keep the others, or the command's author, from hearing. */
  #tell(image: ClusterImage, delta: ImageDelta): void {
    for (const listener of this.#listeners) {
      try {
        listener(image, delta)
      } catch (error) {
        this.#logger.error('a metadata listener failed', { offset: image.offset, error })
      }
    }
  }
}
