/**
 * Our own messages, between the values that the code uses and the bytes that the schemas in `proto/` give them. One rule for
 * all messages, described in `proto/README.md`, so that a message that is added needs no code here.
 *
 * Both directions are strict. A value with a field that the schema lacks is not sent without it; bytes that lack what the value
 * must have, or hold a number that a number cannot hold, are refused.
 */
import type { EnumTypeDefinition, MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader'

/** Our schemas' package: every name in them begins with it. */
const PACKAGE = 'millrace.v1'

export interface MessageCodec<Value> {
  /** Throws a `MessageCodecError` for a value that the schema has no room for. */
  encode(value: Value): Buffer
  /** Throws a `MessageCodecError`, or what the decoder has to say, for bytes that are no such message. Keeps nothing of them. */
  decode(bytes: Uint8Array): Value
}

/** A value and a schema that do not agree: a mistake in ours, or a peer that speaks another version. */
export class MessageCodecError extends Error {
  readonly code = 'ERR_CONTROLLER_MESSAGE_UNREADABLE'

  constructor(message: string) {
    super(message)
    this.name = 'MessageCodecError'
  }
}

type Plain = Record<string, unknown>

interface Converter {
  toPlain(value: unknown): unknown
  fromPlain(plain: unknown): unknown
}

interface MessageConverter extends Converter {
  readonly fieldNames: ReadonlySet<string>
}

/** The part of a field's descriptor that matters here. */
interface Field {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly typeName: string
}

interface MessageDescriptor {
  readonly field: readonly Field[]
  readonly oneofDecl: readonly { readonly name: string }[]
}

export class MessageCodecs {
  readonly #definitions: PackageDefinition
  readonly #converters = new Map<string, Converter>()

  constructor(definitions: PackageDefinition) {
    this.#definitions = definitions
  }

  codec<Value>(messageName: string): MessageCodec<Value> {
    const { serialize, deserialize } = this.#definition<MessageTypeDefinition<object, object>>(messageName)
    const converter = this.#message(messageName)
    return {
      encode: (value) => serialize(converter.toPlain(value) as object),
      decode: (bytes) => converter.fromPlain(deserialize(asBuffer(bytes))) as Value,
    }
  }

  #definition<Definition>(name: string): Definition {
    const definition = this.#definitions[`${PACKAGE}.${name}`]
    if (definition === undefined) throw new MessageCodecError(`the schemas have no ${name}`)
    return definition as unknown as Definition
  }

  #message(name: string): MessageConverter {
    const known = this.#converters.get(name)
    if (known !== undefined) return known as MessageConverter
    const converter = this.#newMessage(name)
    this.#converters.set(name, converter)
    return converter
  }

  #newMessage(name: string): MessageConverter {
    const { field: fields, oneofDecl } = this.#definition<MessageTypeDefinition<object, object>>(name).type as MessageDescriptor
    const converters = new Map(fields.map((field) => [field.name, this.#field(field)]))
    const fieldNames = new Set(converters.keys())
    const [first] = fields
    if (first?.name === 'items' && fields.length === 1) return { ...listMessage(converters.get('items') as Converter), fieldNames }
    // The loader turns `optional` into a oneof of its own, whose name begins with an underscore.
    const optional = new Set(oneofDecl.filter((oneof) => oneof.name.startsWith('_')).map((oneof) => camelCase(oneof.name.slice(1))))
    const choice = oneofDecl.find((oneof) => !oneof.name.startsWith('_'))
    if (choice === undefined) return { ...recordMessage(name, converters, optional), fieldNames }
    const variantFields = (variant: string): ReadonlySet<string> => {
      const { typeName } = fields.find((field) => field.name === variant) as Field
      return this.#message(typeName).fieldNames
    }
    return { ...unionMessage({ name, converters, optional, choice: camelCase(choice.name), variantFields }), fieldNames }
  }

  #field({ name, label, type, typeName }: Field): Converter {
    const single = type === 'TYPE_MESSAGE' ? this.#laterMessage(typeName) : this.#scalar(name, type, typeName)
    return label === 'LABEL_REPEATED' ? repeated(name, single) : single
  }

  /** Made when it is first used, because a schema may come before those that it mentions. */
  #laterMessage(name: string): Converter {
    let converter: Converter | undefined
    const resolve = (): Converter => (converter ??= this.#message(name))
    return { toPlain: (value) => resolve().toPlain(value), fromPlain: (plain) => resolve().fromPlain(plain) }
  }

  #scalar(name: string, type: string, typeName: string): Converter {
    switch (type) {
      case 'TYPE_ENUM':
        return enumeration(typeName, this.#definition<EnumTypeDefinition>(typeName).type as EnumDescriptor)
      case 'TYPE_INT32':
      case 'TYPE_INT64':
        return { toPlain: (value) => wholeNumber(name, value), fromPlain: (plain) => wholeNumber(name, plain) }
      case 'TYPE_BYTES':
        // A copy, because what a decoder hands out lies in the buffer that the socket was read into.
        return { toPlain: (value) => checked(name, 'object', value), fromPlain: (plain) => new Uint8Array(plain as Uint8Array) }
      case 'TYPE_BOOL':
        return { toPlain: (value) => checked(name, 'boolean', value), fromPlain: (plain) => plain }
      default:
        return { toPlain: (value) => checked(name, 'string', value), fromPlain: (plain) => plain }
    }
  }
}

function recordMessage(name: string, converters: ReadonlyMap<string, Converter>, optional: ReadonlySet<string>): Converter {
  return {
    toPlain(value) {
      const plain: Plain = {}
      for (const key in value as Plain) putField(plain, name, key, (value as Plain)[key], converters)
      return plain
    },
    fromPlain(plain) {
      const value: Plain = {}
      for (const key of optional) value[key] = null
      for (const key in plain as Plain) takeField(value, name, key, (plain as Plain)[key], converters)
      return value
    },
  }
}

interface Union {
  readonly name: string
  readonly converters: ReadonlyMap<string, Converter>
  readonly optional: ReadonlySet<string>
  /** Under this name the loader says which field is there. */
  readonly choice: string
  readonly variantFields: (variant: string) => ReadonlySet<string>
}

/** Raft's entries come through here by the thousand, so this goes through each object once. */
function unionMessage({ name, converters, optional, choice, variantFields }: Union): Converter {
  const variants = new Map<string, { readonly variant: string; readonly inner: ReadonlySet<string>; readonly converter: Converter }>()
  const variantOf = (type: string) => {
    const known = variants.get(type)
    if (known !== undefined) return known
    const variant = camelCase(type)
    const converter = converters.get(variant)
    if (converter === undefined) throw new MessageCodecError(`${name} cannot be "${type}"`)
    const found = { variant, inner: variantFields(variant), converter }
    variants.set(type, found)
    return found
  }
  return {
    toPlain(value) {
      const { variant, inner, converter } = variantOf(String((value as Plain)['type']))
      const innerValue: Plain = {}
      const plain: Plain = {}
      for (const key in value as Plain) {
        if (inner.has(key)) innerValue[key] = (value as Plain)[key]
        else if (key !== 'type') putField(plain, name, key, (value as Plain)[key], converters)
      }
      plain[variant] = converter.toPlain(innerValue)
      return plain
    },
    fromPlain(plain) {
      const variant = (plain as Plain)[choice]
      const converter = typeof variant === 'string' ? converters.get(variant) : undefined
      if (converter === undefined) throw new MessageCodecError(`${name} is none of what this version knows`)
      const value: Plain = { type: kebabCase(variant as string) }
      for (const key of optional) value[key] = null
      for (const key in plain as Plain) {
        if (key !== choice && key !== variant) takeField(value, name, key, (plain as Plain)[key], converters)
      }
      return Object.assign(value, converter.fromPlain((plain as Plain)[variant as string]))
    },
  }
}

/** A message that stands for a list. */
function listMessage(items: Converter): Converter {
  return { toPlain: (value) => ({ items: items.toPlain(value) }), fromPlain: (plain) => items.fromPlain((plain as Plain)['items']) }
}

function repeated(name: string, single: Converter): Converter {
  return {
    toPlain(value) {
      if (!Array.isArray(value)) throw new MessageCodecError(`${name} is no list`)
      return value.map((item) => single.toPlain(item))
    },
    fromPlain: (plain) => (plain as unknown[]).map((item) => single.fromPlain(item)),
  }
}

function putField(plain: Plain, message: string, key: string, item: unknown, converters: ReadonlyMap<string, Converter>): void {
  const converter = converters.get(key)
  if (converter === undefined) throw new MessageCodecError(`${message} has no field for "${key}"`)
  if (item !== null && item !== undefined) plain[key] = converter.toPlain(item)
}

/** The loader leaves out what is optional and missing, and gives null for any other message that is missing. */
function takeField(value: Plain, message: string, key: string, item: unknown, converters: ReadonlyMap<string, Converter>): void {
  const converter = converters.get(key)
  if (converter === undefined) return
  if (item === null) throw new MessageCodecError(`${message} lacks ${key}`)
  value[key] = converter.fromPlain(item)
}

interface EnumDescriptor {
  readonly value: readonly { readonly name: string; readonly number: number }[]
}

function enumeration(name: string, { value: values }: EnumDescriptor): Converter {
  const prefix = `${name.replaceAll(/(?<!^)([A-Z])/g, '_$1').toUpperCase()}_`
  const meant = values.filter((value) => value.number !== 0).map((value) => value.name)
  const words = new Map(meant.map((value) => [value, value.slice(prefix.length).toLowerCase().replaceAll('_', '-')]))
  const names = new Map([...words].map(([value, word]) => [word, value]))
  const known = <Key>(map: ReadonlyMap<Key, string>, key: Key): string => {
    const found = map.get(key)
    if (found === undefined) throw new MessageCodecError(`${name} cannot be "${String(key)}"`)
    return found
  }
  return { toPlain: (value) => known(names, value as string), fromPlain: (plain) => known(words, plain as string) }
}

function wholeNumber(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new MessageCodecError(`${name} is no whole number: ${String(value)}`)
  return value
}

function checked(name: string, type: 'boolean' | 'string' | 'object', value: unknown): unknown {
  if (typeof value !== type) throw new MessageCodecError(`${name} is no ${type}: ${String(value)}`)
  return value
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes as Buffer
}

function camelCase(name: string): string {
  return name.replaceAll(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
