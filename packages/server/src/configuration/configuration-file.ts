/**
 * Reads `millrace.yaml` into values with the line of each, and leaves judging them to the caller.
 *
 * The `yaml` package is loaded only when there is a file: it costs more start-up time than all of the rest here.
 */
import { ConfigurationError, type ConfigurationProblem } from './configuration-error.ts'

export interface FileValue {
  readonly value: unknown
  /** `millrace.yaml:3` */
  readonly place: string
  /** For a map: the place of each of its keys. */
  readonly keyPlaces: ReadonlyMap<string, string>
}

/** The keys of the file in their order. Throws `ConfigurationError` when it is not a YAML map. */
export async function parseConfigurationFile(path: string, content: string): Promise<ReadonlyMap<string, FileValue>> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(content, { lineCounter, uniqueKeys: true, prettyErrors: false })
  const placeAt = (offset: number): string => `${path}:${lineCounter.linePos(offset).line}`
  const problems: ConfigurationProblem[] = [...document.errors, ...document.warnings].map((error) => ({
    place: placeAt(error.pos[0]),
    message: `not valid YAML: ${error.message}`,
    hint: null,
  }))
  if (problems.length > 0) throw new ConfigurationError(problems)
  const root = document.contents
  if (root === null) return new Map()
  if (!isMap(root)) {
    throw new ConfigurationError([{ place: `${path}:1`, message: 'the file must be a map of settings', hint: 'for example "port: 9092"' }])
  }
  const values = new Map<string, FileValue>()
  for (const pair of root.items) {
    if (!isScalar(pair.key)) continue
    const keyPlaces = new Map<string, string>()
    if (isMap(pair.value)) {
      for (const inner of pair.value.items) {
        if (isScalar(inner.key)) keyPlaces.set(String(inner.key.value), placeAt(inner.key.range?.[0] ?? 0))
      }
    }
    values.set(String(pair.key.value), {
      value: isMap(pair.value) ? plainEntries(pair.value.items) : plainValue(pair.value),
      place: placeAt(pair.key.range?.[0] ?? 0),
      keyPlaces,
    })
  }
  return values

  function plainEntries(items: readonly { readonly key: unknown; readonly value: unknown }[]): Record<string, unknown> {
    const entries = items.map(({ key, value }) => [isScalar(key) ? String(key.value) : '', plainValue(value)] as const)
    return Object.fromEntries(entries)
  }

  /** No setting takes what is neither a scalar nor a flat map, so that is only named; nothing here expands an alias. */
  function plainValue(node: unknown): unknown {
    if (isScalar(node)) return node.value
    if (isSeq(node)) return []
    return node === null ? null : Symbol(isMap(node) ? 'a map' : 'an alias')
  }
}
