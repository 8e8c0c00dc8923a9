/**
 * Compares our schemas with Apache Kafka's own descriptions, field by field, where these lie beside the repository. They are
 * reference data and no part of it, so elsewhere this is skipped, by name.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { APIS } from './apis.ts'
import type { MessageDefinition } from './schema/define-message.ts'
import type { Field, Fields } from './schema/field.ts'
import { parseVersionRange } from './schema/version-range.ts'

const REFERENCE = new URL('../../../../shared/kafka/messages/', import.meta.url)

interface ReferenceField {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly tag?: number
  readonly taggedVersions?: string
  readonly ignorable?: boolean
  readonly flexibleVersions?: string
  readonly default?: unknown
  readonly fields?: readonly ReferenceField[]
}

interface ReferenceMessage {
  readonly name: string
  readonly apiKey?: number
  readonly type: string
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly ReferenceField[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly ReferenceField[] }[]
}

/** Where we differ on purpose. */
const VALID_VERSIONS: Readonly<Record<string, string>> = {
  // Version 6 (two-phase commit, KIP-939) is not stable, and no broker advertises it.
  InitProducerIdRequest: '0-5',
  InitProducerIdResponse: '0-5',
}

/** One line for each field and each thing that can be said of it, so that a difference shows as a line. */
function linesOfReference(message: ReferenceMessage): string[] {
  const structs = new Map((message.commonStructs ?? []).map((struct) => [struct.name, struct.fields]))
  const walk = (fields: readonly ReferenceField[], path: string): string[] =>
    fields.flatMap((field) => {
      const elementType = field.type.replace(/^\[\]/, '')
      const inner = field.fields ?? structs.get(elementType)
      const type = inner === undefined ? field.type : field.type.startsWith('[]') ? '[]struct' : 'struct'
      const here = `${path}.${field.name.toLowerCase()}`
      const line = describeField(here, {
        type,
        versions: field.versions,
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

function linesOfOurs(message: MessageDefinition): string[] {
  const walk = (fields: Fields, path: string): string[] =>
    Object.entries(fields).flatMap(([name, field]) => {
      const here = `${path}.${name.toLowerCase()}`
      const { options } = field
      const line = describeField(here, {
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

function typeName(field: Field): string {
  if (field.kind === 'array') return `[]${typeName(field.element as Field)}`
  return field.kind === 'bigint64' ? 'int64' : field.kind
}

function describeField(
  path: string,
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
  const tag = facts.tag === undefined ? '' : ` tag ${facts.tag} in ${range(facts.tagged)}`
  const flags = `${facts.ignorable ? ' ignorable' : ''}${facts.neverCompact ? ' never-compact' : ''}`
  return `${path} ${facts.type} in ${range(facts.versions)} null in ${range(facts.nullable)}${tag}${flags} default ${facts.defaultValue}`
}

function range(text: string): string {
  const { min, max } = parseVersionRange(text)
  return max < min ? 'none' : `${min}..${max}`
}

function referenceDefault(field: ReferenceField): string {
  const given = field.default === undefined ? '' : String(field.default)
  if (given === 'null') return 'null'
  if (/^u?int|^float/.test(field.type)) return given === '' ? '0' : String(BigInt(given))
  if (field.type === 'bool') return given === '' ? 'false' : given.toLowerCase()
  return field.type === 'string' ? JSON.stringify(given) : 'empty'
}

function ourDefault(field: Field): string {
  const given = field.options.default
  if (given === null) return 'null'
  if (/^u?int|^float|^bigint/.test(field.kind)) return given === undefined ? '0' : String(given)
  if (field.kind === 'bool') return String(given ?? false)
  return field.kind === 'string' ? JSON.stringify(given ?? '') : 'empty'
}

function loadReference(): ReferenceMessage[] {
  return readdirSync(REFERENCE)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(withoutComments(readFileSync(new URL(file, REFERENCE), 'utf8'))) as ReferenceMessage)
}

/** The descriptions have comments of their own lines and at the ends of lines; no string in them holds two slashes. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\/.*$/gm, '')
}

describe.skipIf(!existsSync(REFERENCE))("Kafka's own schemas (skipped where they are not beside the repository)", () => {
  const reference = existsSync(REFERENCE) ? loadReference() : []
  const byName = new Map(reference.map((message) => [message.name, message]))
  const ours: MessageDefinition[] = APIS.flatMap((api) => [api.request, api.response])

  it.each(ours.map((message) => [message.name, message] as const))('%s is the same', (name, message) => {
    const theirs = byName.get(name)
    if (theirs === undefined) throw new Error(`there is no reference for ${name}`)
    expect(range(message.validVersions)).toBe(range(VALID_VERSIONS[name] ?? theirs.validVersions))
    expect(range(message.flexibleVersions)).toBe(range(theirs.flexibleVersions))
    expect(linesOfOurs(message)).toEqual(linesOfReference(theirs))
  })

  it('covers every API that clients and tools use', () => {
    const known = new Set(APIS.map(({ key }) => key))
    const missing = reference
      .filter((message) => message.type === 'request' && message.apiKey !== undefined && message.validVersions !== 'none')
      .filter((message) => !known.has(message.apiKey as number))
      .map((message) => message.name)
    expect(missing).toEqual([])
  })

  it('has every API under its own number', () => {
    for (const api of APIS) expect(byName.get(api.request.name)?.apiKey).toBe(api.key)
  })
})
