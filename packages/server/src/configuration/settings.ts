/**
 * Every setting of a broker, once: its type, its default, its flag and its explanation. The flags of `millrace start`, the
 * keys of the configuration file, the options of `startBroker` and the checks of all three are computed from this list.
 *
 * Kafka's own broker configs are not here: they go into `config` under Kafka's names, and their registry is the
 * metadata package's.
 */
import { LOG_LEVELS, type LogLevel } from '@millrace/runtime'
import { type ControllerVoter, controllerVoters, type NodeRole, nodeRoles } from './cluster-settings.ts'
import { type ConfigMap, configMap, oneOf, type SettingType, text, wholeNumber } from './setting-type.ts'

/** A complete, checked set of settings. */
export interface Configuration {
  readonly nodeId: number
  /** What this node does in its cluster. Not empty. */
  readonly roles: readonly NodeRole[]
  readonly host: string
  readonly port: number
  /** Null: the address that the client connected to. */
  readonly advertisedHost: string | null
  readonly advertisedPort: number | null
  /** Where brokers look for the controllers of a cluster. Empty: this node is a cluster of its own. */
  readonly controllerQuorumVoters: readonly ControllerVoter[]
  /** Where the controller of this node listens for others; null: as `host`. */
  readonly controllerHost: string | null
  /** Null: the port that `controllerQuorumVoters` names for this node. */
  readonly controllerPort: number | null
  /** Where this node stands; null: nobody has said. */
  readonly rack: string | null
  /** Null: the cluster id found in the data directory, or a new one. */
  readonly clusterId: string | null
  readonly dataDir: string
  readonly storage: 'file' | 'memory'
  readonly durability: 'fsync' | 'replicated'
  readonly logLevel: LogLevel
  /** Kafka's broker configs by Kafka's names, values as text. */
  readonly config: ConfigMap
}

export type SettingName = keyof Configuration

/** What `startBroker` takes: any subset of the settings. */
export type BrokerOptions = { readonly [Name in Exclude<SettingName, 'config'>]?: Configuration[Name] } & {
  readonly config?: Readonly<Record<string, string | number | boolean>>
}

export interface Setting<Value> {
  readonly type: SettingType<NonNullable<Value>>
  readonly default: Value
  /** As commander reads it: `--data-dir <path>`. */
  readonly flag: string
  /** One sentence for `--help`, without the default. */
  readonly doc: string
}

export const SETTINGS: { readonly [Name in SettingName]: Setting<Configuration[Name]> } = {
  host: {
    type: text('a host name or address', /^[^\s/]+$/),
    default: '127.0.0.1',
    flag: '--host <address>',
    doc: 'Address to listen on; 0.0.0.0 or :: for all interfaces.',
  },
  port: {
    type: wholeNumber(0, 65535),
    default: 9092,
    flag: '--port <number>',
    doc: 'Port to listen on; 0 takes a free one.',
  },
  dataDir: {
    type: text('the path of a directory'),
    default: './data',
    flag: '--data-dir <path>',
    doc: 'Directory of the data; created when missing.',
  },
  storage: {
    type: oneOf(['file', 'memory']),
    default: 'file',
    flag: '--storage <kind>',
    doc: 'Where records are kept: "file" in the data directory, "memory" until the process ends.',
  },
  durability: {
    type: oneOf(['fsync', 'replicated']),
    default: 'fsync',
    flag: '--durability <level>',
    doc: 'What acks=all waits for: "fsync" the disk of every in-sync replica, "replicated" their memory, as Apache Kafka does.',
  },
  nodeId: {
    type: wholeNumber(0, 2147483647),
    default: 1,
    flag: '--node-id <number>',
    doc: 'Id of this node in its cluster.',
  },
  roles: {
    type: nodeRoles,
    default: ['broker', 'controller'],
    flag: '--roles <list>',
    doc: 'What this node does: "broker", "controller" or "broker,controller" (the default).',
  },
  controllerQuorumVoters: {
    type: controllerVoters,
    default: [],
    flag: '--controller-quorum-voters <list>',
    doc: "The cluster's controllers, the same list on every node: 1@host:port,2@host:port,3@host:port. Absent: one node alone.",
  },
  controllerHost: {
    type: text('a host name or address', /^[^\s/]+$/),
    default: null,
    flag: '--controller-host <address>',
    doc: 'Address on which the controller of this node listens for other nodes (default: as --host).',
  },
  controllerPort: {
    type: wholeNumber(1, 65535),
    default: null,
    flag: '--controller-port <number>',
    doc: 'Port of that listener (default: the one that --controller-quorum-voters names for this node).',
  },
  rack: {
    type: text('text of one line'),
    default: null,
    flag: '--rack <name>',
    doc: 'Where this node stands: replicas of a partition are spread over racks.',
  },
  advertisedHost: {
    type: text('a host name or address', /^[^\s/]+$/),
    default: null,
    flag: '--advertised-host <address>',
    doc: 'Host that clients are told to connect to, instead of the one they used.',
  },
  advertisedPort: {
    type: wholeNumber(1, 65535),
    default: null,
    flag: '--advertised-port <number>',
    doc: 'Port that clients are told to connect to, instead of the one they used.',
  },
  clusterId: {
    type: text('22 letters, digits, "-" or "_"', /^[\w-]{22}$/),
    default: null,
    flag: '--cluster-id <id>',
    doc: 'Cluster id of a new data directory; an existing one must have the same.',
  },
  logLevel: {
    type: oneOf(LOG_LEVELS),
    default: 'warn',
    flag: '--log-level <level>',
    doc: `Least severe log line that is written to standard error: ${LOG_LEVELS.join(', ')}.`,
  },
  config: {
    type: configMap,
    default: {},
    flag: '--set <name=value>',
    doc: "One of Kafka's broker configs, for example log.retention.hours=24. May be given several times.",
  },
}

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]

/** `--data-dir <path>` -> `--data-dir`, as messages name it. */
export function flagName(name: SettingName): string {
  return SETTINGS[name].flag.split(' ')[0] ?? SETTINGS[name].flag
}
