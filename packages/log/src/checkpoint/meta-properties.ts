/** `meta.properties`, version 1: which node, cluster and directory this is, so that no disk is ever mounted in the wrong place. */
import { decodeAscii, encodeAscii } from '../ascii.ts'
import { parseWhole } from './lines.ts'

export const META_PROPERTIES = 'meta.properties'
export const META_PROPERTIES_VERSION = 1

export interface MetaProperties {
  readonly version: number
  readonly nodeId: number | null
  readonly clusterId: string | null
  readonly directoryId: string | null
}

/** Null when there is no version in it, or a number that is none, as after damage. */
export function parseMetaProperties(bytes: Uint8Array): MetaProperties | null {
  const values = new Map<string, string>()
  for (const line of decodeAscii(bytes).split(/\r?\n/)) {
    const [, key, value] = /^\s*([A-Za-z.]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? []
    if (key !== undefined && value !== undefined && !line.trimStart().startsWith('#')) values.set(key, value)
  }
  const version = parseWhole(values.get('version'))
  const nodeId = values.has('node.id') ? parseWhole(values.get('node.id')) : null
  if (version === null || version < 0 || (nodeId === null && values.has('node.id')) || (nodeId ?? 0) < 0) return null
  return {
    version,
    nodeId,
    clusterId: values.get('cluster.id') ?? null,
    directoryId: values.get('directory.id') ?? null,
  }
}

export function formatMetaProperties(properties: MetaProperties): Uint8Array {
  const lines = [`version=${properties.version}`]
  if (properties.nodeId !== null) lines.push(`node.id=${properties.nodeId}`)
  if (properties.clusterId !== null) lines.push(`cluster.id=${properties.clusterId}`)
  if (properties.directoryId !== null) lines.push(`directory.id=${properties.directoryId}`)
  return encodeAscii(`${lines.join('\n')}\n`)
}
