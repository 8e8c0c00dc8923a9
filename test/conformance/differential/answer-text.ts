/**
 * Requests and answers as text that two brokers can be compared by, and that people can read. Names lose their scenario's prefix,
 * ids that a broker made up are called by who was given them, errors have their names, and fields that their version does not
 * have are left out, as are texts for people, addresses, and how long to wait: those are each broker's own. Lists are sorted,
 * because brokers keep them in no order.
 */
import { type ApiDefinition, errorName, type Field, type Fields, ZERO_UUID } from '@millrace/protocol'
import { recordsText } from './records-text.ts'
import type { World } from './world.ts'

const OMITTED: ReadonlySet<string> = new Set([
  'throttleTimeMs',
  'errorMessage',
  'batchIndexErrorMessage',
  'host',
  'port',
  'heartbeatIntervalMs',
  'currentLeader',
  'nodeEndpoints',
])
/** Which partitions a member gets is the assignor's affair; how many is everybody's. */
const ASSIGNMENTS: ReadonlySet<string> = new Set(['topicPartitions', 'ownedPartitions'])
/** Lists of everything on the broker, of which other scenarios' part is taken out. */
const LISTS_OF_ALL: ReadonlySet<string> = new Set(['ListConfigResources', 'ListGroups', 'ListTransactions'])

/** Ids as brokers generate them: a UUID at the end, or nothing but one in base 64. */
const GENERATED_ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|(^|-)[\w-]{22}$/
const TEXT_CHARACTERS_MAX = 40
/** What `authorizedOperations` says where nobody asked. */
const NOT_ASKED = -2_147_483_648
const PLAIN = /^[\w.<>: -]+$/

interface Context {
  readonly world: World
  readonly actor: string
  readonly version: number
  readonly isAnswer: boolean
  readonly isListOfAll: boolean
}

export function requestText(world: World, actor: string, api: ApiDefinition, version: number, request: object): string {
  return structText({ world, actor, version, isAnswer: false, isListOfAll: false }, api.request.fields, request)
}

export function answerText(world: World, actor: string, api: ApiDefinition, version: number, answer: object): string {
  const context = { world, actor, version, isAnswer: true, isListOfAll: LISTS_OF_ALL.has(api.name) }
  return structText(context, api.response.fields, answer)
}

/** Gives a member id its name before it is met in somebody else's list. */
export function nameMember(world: World, actor: string, answer: object): void {
  const { memberId } = answer as { readonly memberId?: unknown }
  if (typeof memberId === 'string' && GENERATED_ID.test(memberId)) world.alias(memberId, actor)
}

function structText(context: Context, fields: Fields, struct: object): string {
  const parts: string[] = []
  for (const [name, field] of Object.entries(fields)) {
    const value = (struct as Readonly<Record<string, unknown>>)[name]
    if (value === undefined || OMITTED.has(name) || !hasVersion(field.versions, context.version)) continue
    if (name === 'authorizedOperations' && value === NOT_ASKED) continue
    if (/errorcode$/i.test(name)) {
      if (value !== 0) parts.push(errorName(value as number))
      continue
    }
    parts.push(`${name}: ${valueText(context, name, field, value)}`)
  }
  return `{${parts.join(', ')}}`
}

function valueText(context: Context, name: string, field: Field, value: unknown): string {
  if (value === null) return 'null'
  switch (field.kind) {
    case 'struct':
      return structText(context, field.fields as Fields, value as object)
    case 'array':
      return ASSIGNMENTS.has(name) && field.fields !== null
        ? assignmentText(context.world, value as readonly Assigned[])
        : arrayText(context, name, field, value as readonly unknown[])
    case 'string':
      return stringText(context, name, value as string)
    case 'uuid':
      return topicText(context.world, value as string)
    case 'bytes':
      return bytesText(context.world, value as Uint8Array)
    case 'records':
      return recordsText(context.world, value as Uint8Array)
    default:
      return numberText(context.world, context.actor, name, value as number | boolean)
  }
}

function arrayText(context: Context, name: string, field: Field, values: readonly unknown[]): string {
  const element = field.element as Field
  const all = context.isListOfAll && context.isAnswer ? values.filter((value) => isOurs(context.world, value)) : values
  const texts = all.map((value) => valueText(context, singular(name), element, value))
  return `[${(context.isAnswer ? texts.toSorted() : texts).join(', ')}]`
}

function isOurs(world: World, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  const { groupId, transactionalId, resourceName } = value as Readonly<
    Record<'groupId' | 'transactionalId' | 'resourceName', string | undefined>
  >
  return (groupId ?? transactionalId ?? resourceName ?? world.prefix).startsWith(world.prefix)
}

interface Assigned {
  readonly topicId: string
  readonly topicName?: string
  readonly partitions: readonly number[]
}

function assignmentText(world: World, assigned: readonly Assigned[]): string {
  const texts = assigned.map(({ topicId, partitions }) => `${topicText(world, topicId)}: ${partitions.length}`)
  return `{${texts.toSorted().join(', ')}}`
}

function stringText(context: Context, name: string, value: string): string {
  // Ids of members that were not told theirs yet are in an order that nobody knows.
  if ((name === 'memberId' || name === 'leader') && GENERATED_ID.test(value)) return context.world.aliasOf(value) ?? '<somebody>'
  const text = shortened(context.world.unnamed(value))
  return PLAIN.test(text) ? text : JSON.stringify(text)
}

function topicText(world: World, topicId: string): string {
  if (topicId === ZERO_UUID) return 'no topic'
  return world.topicOf(topicId) ?? 'unknown topic'
}

/** What of it people can read: these bytes are only handed on. */
function bytesText(world: World, bytes: Uint8Array): string {
  const text = world.unnamed(Buffer.from(bytes).toString('latin1')).replace(/[^ -~]+/g, '.')
  return JSON.stringify(shortened(text))
}

function shortened(text: string): string {
  return text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}... ${text.length} characters` : text
}

function numberText(world: World, actor: string, name: string, value: number | boolean): string {
  if (typeof value === 'boolean') return String(value)
  if (/producerId/i.test(name) && value >= 0) return world.alias(`producer ${value}`, `${actor}'s producer`)
  if (/Time(Ms|stamp)$/.test(name) && value > 1_000_000_000_000) return 'a time'
  return String(value)
}

function singular(name: string): string {
  return name.replace(/s$/, '')
}

function hasVersion(versions: string, version: number): boolean {
  const [from = '', to] = versions.replace('+', '-').split('-')
  return version >= Number(from) && (to === undefined ? version === Number(from) : to === '' || version <= Number(to))
}
