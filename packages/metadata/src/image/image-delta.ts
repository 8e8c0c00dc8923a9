/**
 * What one batch of records changed: the names of things, with the topics' images before and after, so that an observer
 * looks only at what moved. Never a second copy of the state: the values are in the two images.
 */
import type { ConfigResourceType } from '../records/metadata-record.ts'
import type { TopicImage } from './topics-image.ts'

export interface ImageDelta {
  /** By topic id, so that a topic which was deleted and made again in one batch is two entries. */
  readonly topics: ReadonlyMap<string, TopicDelta>
  readonly configs: readonly ConfigResource[]
  /** Brokers that registered or whose registration changed. */
  readonly brokers: ReadonlySet<number>
  readonly featuresChanged: boolean
  readonly producerIdsChanged: boolean
}

export interface TopicDelta {
  /** Null: the topic was created. */
  readonly before: TopicImage | null
  /** Null: the topic was deleted. */
  readonly after: TopicImage | null
  /** Partitions that were created or changed; empty when the topic was deleted. */
  readonly partitions: ReadonlySet<number>
}

export interface ConfigResource {
  readonly type: ConfigResourceType
  readonly name: string
}
