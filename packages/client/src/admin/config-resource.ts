/** What has configs, and where their values come from, in words. */

/** A topic by name; a consumer group by its id; a broker by its own, or every broker's default. */
export type ConfigResource =
  | { readonly type: 'topic'; readonly name: string }
  | { readonly type: 'group'; readonly groupId: string }
  | { readonly type: 'broker'; readonly nodeId: number }
  | { readonly type: 'broker-default' }

const TOPIC_TYPE = 2
const BROKER_TYPE = 4
const GROUP_TYPE = 32

export function resourceToWire(resource: ConfigResource): { readonly resourceType: number; readonly resourceName: string } {
  switch (resource.type) {
    case 'topic':
      return { resourceType: TOPIC_TYPE, resourceName: resource.name }
    case 'group':
      return { resourceType: GROUP_TYPE, resourceName: resource.groupId }
    case 'broker':
      return { resourceType: BROKER_TYPE, resourceName: String(resource.nodeId) }
    case 'broker-default':
      return { resourceType: BROKER_TYPE, resourceName: '' }
  }
}

export function resourceLabel(resource: ConfigResource): string {
  switch (resource.type) {
    case 'topic':
      return `topic "${resource.name}"`
    case 'group':
      return `group "${resource.groupId}"`
    case 'broker':
      return `broker ${resource.nodeId}`
    case 'broker-default':
      return 'the default of all brokers'
  }
}

const SOURCES = ['unknown', 'topic', 'broker', 'broker-default', 'static', 'default', 'broker-logger', 'client-metrics', 'group'] as const

/** `topic`, `group`, `broker` and `broker-default` were set at run time, `static` in the broker's own file; `default` was not set. */
export type ConfigSource = (typeof SOURCES)[number]

export function configSource(code: number): ConfigSource {
  return SOURCES[code] ?? 'unknown'
}
