/**
 * Compares our schemas with Apache Kafka's own descriptions, field by field, where there are any: those of the versions that we
 * follow in a directory beside the repository, and those of the Kafka that `scripts/install-peers.sh` fetches, which may be older.
 * They are reference data and no part of the repository, so elsewhere this is skipped, by name.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Field, Fields, MessageDefinition } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'

const KAFKA_HOME = process.env['KAFKA_HOME'] ?? join(homedir(), '.cache', 'millrace-peers', 'kafka')
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const REFERENCES = [
  {
    what: "Kafka's schemas beside the repository (../shared/kafka/messages)",
    directory: join(REPOSITORY, '..', 'shared', 'kafka', 'messages'),
  },
  { what: 'the schemas of the Kafka that install-peers.sh fetches', directory: join(KAFKA_HOME, 'messages', 'common', 'message') },
]

interface ReferenceField {
  readonly name: string
  readonly type: string
  /** Absent where the field is a tagged one in every version that has it. */
  readonly versions?: string
  readonly nullableVersions?: string
  readonly tag?: number
  readonly taggedVersions?: string
  readonly ignorable?: boolean
  readonly flexibleVersions?: string
  readonly default?: string | number | boolean | null
  readonly fields?: readonly ReferenceField[]
}

export interface ReferenceMessage {
  readonly name: string
  readonly apiKey?: number
  readonly type: string
  readonly listeners?: readonly string[]
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly ReferenceField[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly ReferenceField[] }[]
}

/** Declares the tests of `compare` for each set of descriptions that is here, given by their names. */
export function forEachReference(compare: (byName: ReadonlyMap<string, ReferenceMessage>) => void): void {
  for (const { what, directory } of REFERENCES) {
    if (existsSync(directory)) describe(what, () => compare(new Map(loadReference(directory).map((message) => [message.name, message]))))
    else it.skip(`${what} are compared with ours, and are not here`)
  }
}

/** `newestOfTheirs` where we leave out the newest versions on purpose. */
export function expectSameSchema(
  ours: MessageDefinition,
  theirs: ReferenceMessage,
  newestOfTheirs = parseVersionRange(theirs.validVersions).max,
): void {
  const newestOfOurs = parseVersionRange(ours.validVersions).max
  expect(newestOfOurs).toBeGreaterThanOrEqual(newestOfTheirs)
  expect(range(ours.validVersions, newestOfTheirs)).toBe(range(theirs.validVersions, newestOfTheirs))
  expect(range(ours.flexibleVersions, newestOfTheirs)).toBe(range(theirs.flexibleVersions, newestOfTheirs))
  const told = newestOfOurs > newestOfTheirs ? layoutOnly : (line: string): string => line
  expect(linesOfOurs(ours, newestOfTheirs).map(told)).toEqual(linesOfReference(theirs, newestOfTheirs).map(told))
}

/** One line for each field and each thing that can be said of it, so that a difference shows as a line. */
function linesOfReference(message: ReferenceMessage, newest: number): string[] {
  const structs = new Map((message.commonStructs ?? []).map((struct) => [struct.name, struct.fields]))
  const walk = (fields: readonly ReferenceField[], path: string): string[] =>
    fields.flatMap((field) => {
      const elementType = field.type.replace(/^\[\]/, '')
      const inner = field.fields ?? structs.get(elementType)
      const type = inner === undefined ? field.type : field.type.startsWith('[]') ? '[]struct' : 'struct'
      const here = `${path}.${field.name.toLowerCase()}`
      const versions = field.versions ?? field.taggedVersions ?? 'none'
      if (parseVersionRange(versions).min > newest) return []
      const line = describeField(here, newest, {
        type,
        versions,
        nullable: field.nullableVersions ?? 'none',
        tag: field.tag,
        tagged: field.taggedVersions ?? 'none',
        ignorable: field.ignorable === true,
        neverCompact: field.flexibleVersions === 'none',
        defaultValue: referenceDefault(field),
      })
      return [line, ...(inner === undefined ? [] : walk(inner, here))]
    })
  return walk(message.fields, '')
}

function linesOfOurs(message: MessageDefinition, newest: number): string[] {
  const walk = (fields: Fields, path: string): string[] =>
    Object.entries(fields).flatMap(([name, field]) => {
      const here = `${path}.${name.toLowerCase()}`
      const { options } = field
      if (parseVersionRange(field.versions).min > newest) return []
      const line = describeField(here, newest, {
        type: typeName(field),
        versions: field.versions,
        nullable: options.nullable ?? 'none',
        tag: options.tag,
        tagged: options.tagged ?? 'none',
        ignorable: options.ignorable === true,
        neverCompact: options.flexible === 'none',
        defaultValue: ourDefault(field),
      })
      return [line, ...(field.fields === null ? [] : walk(field.fields, here))]
    })
  return walk(message.fields, '')
}

/** Without what a newer version of a message may change for the older ones too: a field's name, and whether it is ignorable. */
function layoutOnly(line: string): string {
  return line.replace(/^\S+/, (path) => '.'.repeat(path.split('.').length - 1)).replace(' ignorable', '')
}

function typeName(field: Field): string {
  if (field.kind === 'array') return `[]${typeName(field.element as Field)}`
  return field.kind === 'bigint64' ? 'int64' : field.kind
}

function describeField(
  path: string,
  newest: number,
  facts: {
    readonly type: string
    readonly versions: string
    readonly nullable: string
    readonly tag: number | undefined
    readonly tagged: string
    readonly ignorable: boolean
    readonly neverCompact: boolean
    readonly defaultValue: string
  },
): string {
  const tag = facts.tag === undefined ? '' : ` tag ${facts.tag} in ${range(facts.tagged, newest)}`
  const flags = `${facts.ignorable ? ' ignorable' : ''}${facts.neverCompact ? ' never-compact' : ''}`
  const versions = `in ${range(facts.versions, newest)} null in ${range(facts.nullable, newest)}`
  return `${path} ${facts.type} ${versions}${tag}${flags} default ${facts.defaultValue}`
}

/** Up to the newest version that both sides know. */
function range(text: string, newest: number): string {
  const { min, max } = parseVersionRange(text)
  const last = Math.min(max, newest)
  return last < min ? 'none' : `${min}..${last}`
}

function referenceDefault(field: ReferenceField): string {
  // Kafka's generator takes JSON's null for no default at all, and means null by the word.
  const given = String(field.default ?? '')
  if (given === 'null') return 'null'
  if (/^u?int|^float/.test(field.type)) return given === '' ? '0' : String(BigInt(given))
  if (field.type === 'bool') return given === '' ? 'false' : given.toLowerCase()
  return field.type === 'string' ? JSON.stringify(given) : 'empty'
}

function ourDefault(field: Field): string {
  const given = field.options.default as string | number | bigint | boolean | null | undefined
  if (given === null) return 'null'
  if (/^u?int|^float|^bigint/.test(field.kind)) return given === undefined ? '0' : String(given)
  if (field.kind === 'bool') return String(given ?? false)
  return field.kind === 'string' ? JSON.stringify(given ?? '') : 'empty'
}

function loadReference(directory: string): ReferenceMessage[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(withoutComments(readFileSync(join(directory, file), 'utf8'))) as ReferenceMessage)
}

/** The descriptions have comments of their own lines and at the ends of lines; no string in them holds two slashes. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\/.*$/gm, '')
}

/** Read once more here, so that a mistake of ours in reading ranges does not hide itself. */
function parseVersionRange(text: string): { readonly min: number; readonly max: number } {
  if (text === 'none') return { min: 1, max: 0 }
  const [first, last] = text.replace('+', '-').split('-')
  return { min: Number(first), max: last === undefined ? Number(first) : last === '' ? Number.POSITIVE_INFINITY : Number(last) }
}
