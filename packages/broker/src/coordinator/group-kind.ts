/** Binds the group coordinator to the runtime: groups and their offsets are kept in `__consumer_offsets`. */
import type {
  ConsumerGroupSettings,
  DeletedTopic,
  GroupEvent,
  GroupRecord,
  GroupResponse,
  GroupSettings,
  MachineTime,
  TopicDescription,
  TopicsView,
} from '@millrace/coordinator'
import type { ClusterImage, ConfigOverrides, ImageDelta, TopicImage } from '@millrace/metadata'
import { uuidFromBytes } from '@millrace/protocol'
import type { Random } from '@millrace/runtime'
import type { CoordinatorCode, CoordinatorKind, MetadataNews } from './coordinator-kind.ts'
import { COORDINATOR } from './coordinator-module.ts'
import { CONSUMER_OFFSETS } from './internal-topics.ts'

export interface GroupKindOptions {
  readonly random: Random
  image(): ClusterImage
  /** But for what the topic's own config says. */
  settings(): Omit<GroupSettings, 'maxBatchBytes'>
  /** For a group that has configs of its own. */
  groupSettings(configs: ConfigOverrides): ConsumerGroupSettings
}

export class GroupKind implements CoordinatorKind<GroupEvent, GroupRecord, GroupResponse> {
  readonly topic = CONSUMER_OFFSETS
  readonly isEager = false
  readonly #options: GroupKindOptions

  constructor(options: GroupKindOptions) {
    this.#options = options
  }

  async load(): Promise<CoordinatorCode<GroupEvent, GroupRecord, GroupResponse>> {
    const { decodeGroupRecord, encodeGroupRecord, GroupCoordinator } = await COORDINATOR.load()
    const { random, image, settings, groupSettings } = this.#options
    return {
      createMachine: (limits) =>
        new GroupCoordinator({
          settingsOf: (groupId) => {
            const configs = image().configs.group(groupId)
            return configs.size === 0 ? settings() : groupSettings(configs)
          },
          settings: () => ({ ...settings(), maxBatchBytes: limits.maxBatchBytes() }),
          topics: () => topicsOf(image()),
          newUuid: () => uuidFromBytes(random.bytes(16)),
        }),
      encode: encodeGroupRecord,
      decode: decodeGroupRecord,
    }
  }

  timerEvent(key: string, time: MachineTime): GroupEvent {
    return { type: 'timer', key, ...time }
  }

  disconnectedEvent(connectionId: number, time: MachineTime): GroupEvent {
    return { type: 'disconnected', connectionId, ...time }
  }

  /** Who leads what changes often and is nothing to a group. */
  metadataNews(_image: ClusterImage, delta: ImageDelta, time: MachineTime): MetadataNews<GroupEvent> {
    const deleted: DeletedTopic[] = []
    let areChanged = false
    for (const { before, after } of delta.topics.values()) {
      if (before?.partitions.length !== after?.partitions.length) areChanged = true
      if (before !== null && after === null) deleted.push({ name: before.name, id: before.id })
    }
    const events: GroupEvent[] = []
    if (deleted.length > 0) events.push({ type: 'topics-deleted', topics: deleted, ...time })
    if (areChanged) events.push({ type: 'topics-changed', ...time })
    // Offsets of a deleted topic would be taken for those of one that is created under its name.
    return { events, concernsAll: deleted.length > 0 }
  }

  perform(): void {}
}

function topicsOf({ topics }: ClusterImage): TopicsView {
  return {
    byName: (name) => describe(topics.get(name)),
    byId: (id) => describe(topics.getById(id)),
    *all() {
      for (const topic of topics) yield described(topic)
    },
  }
}

function describe(topic: TopicImage | undefined): TopicDescription | undefined {
  return topic === undefined ? undefined : described(topic)
}

function described({ name, id, partitions }: TopicImage): TopicDescription {
  return { name, id, partitionCount: partitions.length }
}
