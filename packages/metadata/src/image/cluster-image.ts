/**
 * The cluster's metadata after some record of the metadata log: immutable, cheap to keep, cheap to derive the next one from.
 *
 * A request handler takes one image and answers from it alone. Only `apply-records.ts` makes a new one.
 */
import type { BrokerListener, ConfigResourceType, SupportedFeature } from '../records/metadata-record.ts'
import { PersistentMap } from './persistent-map.ts'
import { TopicsImage } from './topics-image.ts'

export interface ClusterImage {
  readonly clusterId: string
  /** Offset of the last batch applied; -1 before the first. */
  readonly offset: number
  /** Epoch of the controller that wrote it; -1 before the first. */
  readonly epoch: number
  readonly brokers: ReadonlyMap<number, BrokerImage>
  /** Controller nodes that told where they are reached. */
  readonly controllers: ReadonlyMap<number, ControllerImage>
  readonly topics: TopicsImage
  readonly configs: ConfigsImage
  /** Levels in force, by feature name. Invariant: no level is 0. */
  readonly features: ReadonlyMap<string, number>
  /** All producer ids below it are given away. Never falls. */
  readonly nextProducerId: number
}

export interface BrokerImage {
  readonly id: number
  /** Offset of the batch that registered it: unique, and greater for each new registration. */
  readonly epoch: number
  readonly incarnationId: string
  readonly listeners: readonly BrokerListener[]
  readonly rack: string | null
  readonly directoryIds: readonly string[]
  readonly features: readonly SupportedFeature[]
  /** A fenced broker leads nothing and is in no ISR; clients do not see it. */
  readonly isFenced: boolean
  readonly isInControlledShutdown: boolean
}

export interface ControllerImage {
  readonly id: number
  readonly directoryId: string
  readonly host: string
  readonly port: number
}

export type ConfigOverrides = ReadonlyMap<string, string>

const NO_OVERRIDES: ConfigOverrides = new Map()

type Resources = PersistentMap<ConfigOverrides>

/** What was set for each resource. Immutable. */
export class ConfigsImage {
  static readonly empty: ConfigsImage = new ConfigsImage({
    topic: PersistentMap.empty(),
    broker: PersistentMap.empty(),
    group: PersistentMap.empty(),
  })

  readonly #byType: Readonly<Record<ConfigResourceType, Resources>>

  private constructor(byType: Readonly<Record<ConfigResourceType, Resources>>) {
    this.#byType = byType
  }

  topic(name: string): ConfigOverrides {
    return this.get('topic', name)
  }

  broker(id: number): ConfigOverrides {
    return this.get('broker', String(id))
  }

  /** What was set for all brokers at once. */
  defaultBroker(): ConfigOverrides {
    return this.get('broker', '')
  }

  group(id: string): ConfigOverrides {
    return this.get('group', id)
  }

  get(type: ConfigResourceType, name: string): ConfigOverrides {
    return this.#byType[type].get(name) ?? NO_OVERRIDES
  }

  /** Names of the resources of this type that have something set, in no particular order. */
  resourceNames(type: ConfigResourceType): Generator<string, undefined> {
    return this.#byType[type].keys()
  }

  with(type: ConfigResourceType, name: string, overrides: ConfigOverrides): ConfigsImage {
    const old = this.#byType[type]
    const changed = overrides.size === 0 ? old.delete(name) : old.set(name, overrides)
    return new ConfigsImage({ ...this.#byType, [type]: changed })
  }
}

export function emptyImage(clusterId: string): ClusterImage {
  return {
    clusterId,
    offset: -1,
    epoch: -1,
    brokers: new Map(),
    controllers: new Map(),
    topics: TopicsImage.empty,
    configs: ConfigsImage.empty,
    features: new Map(),
    nextProducerId: 0,
  }
}

/** Brokers that can lead and be given replicas, by id. */
export function activeBrokers(image: ClusterImage): BrokerImage[] {
  const active = [...image.brokers.values()].filter((broker) => !broker.isFenced && !broker.isInControlledShutdown)
  return active.sort((left, right) => left.id - right.id)
}
