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

/** What was set for each resource. Immutable. */
export class ConfigsImage {
  static readonly empty: ConfigsImage = new ConfigsImage(PersistentMap.empty(), PersistentMap.empty())

  readonly #topics: PersistentMap<ConfigOverrides>
  readonly #brokers: PersistentMap<ConfigOverrides>

  private constructor(topics: PersistentMap<ConfigOverrides>, brokers: PersistentMap<ConfigOverrides>) {
    this.#topics = topics
    this.#brokers = brokers
  }

  topic(name: string): ConfigOverrides {
    return this.#topics.get(name) ?? NO_OVERRIDES
  }

  broker(id: number): ConfigOverrides {
    return this.#brokers.get(String(id)) ?? NO_OVERRIDES
  }

  /** What was set for all brokers at once. */
  defaultBroker(): ConfigOverrides {
    return this.#brokers.get('') ?? NO_OVERRIDES
  }

  get(type: ConfigResourceType, name: string): ConfigOverrides {
    return (type === 'topic' ? this.#topics : this.#brokers).get(name) ?? NO_OVERRIDES
  }

  /** Names of the resources of this type that have something set, in no particular order. */
  resourceNames(type: ConfigResourceType): Generator<string, undefined> {
    return (type === 'topic' ? this.#topics : this.#brokers).keys()
  }

  with(type: ConfigResourceType, name: string, overrides: ConfigOverrides): ConfigsImage {
    const old = type === 'topic' ? this.#topics : this.#brokers
    const changed = overrides.size === 0 ? old.delete(name) : old.set(name, overrides)
    return type === 'topic' ? new ConfigsImage(changed, this.#brokers) : new ConfigsImage(this.#topics, changed)
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
