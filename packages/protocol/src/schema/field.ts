/**
 * The kinds of fields a message is made of. A field knows the versions it exists in, so one description serves all of them.
 *
 * Options: `default` (where the protocol's own is not 0, "", [] or null), `nullable` (versions in which null is allowed),
 * `tag` and `tagged` (number, and versions in which the field travels as a tagged one), `ignorable` (may be dropped in silence
 * when a version lacks it), `flexible: 'none'` (never compact; only the client id of request headers).
 */
import type { ExternalRecords } from '../primitives/writer.ts'

export type FieldKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'bigint64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'
  | 'struct'
  | 'array'

export interface FieldOptions {
  readonly default?: unknown
  readonly nullable?: string
  readonly tag?: number
  readonly tagged?: string
  readonly ignorable?: boolean
  readonly flexible?: 'none'
}

/** `Out` is what decoding gives, `In` what encoding takes; `Omissible` fields may be left out when encoding. */
export interface Field<Out = unknown, In = unknown, Omissible extends boolean = boolean> {
  readonly kind: FieldKind
  readonly versions: string
  readonly options: FieldOptions
  /** Of structs, and of arrays of structs. */
  readonly fields: Fields | null
  /** Of arrays. */
  readonly element: Field | null
  readonly types?: { readonly out: Out; readonly in: In; readonly omissible: Omissible }
}

export type Fields = { readonly [name: string]: Field }

type NullOf<O> = O extends { readonly nullable: string } ? null : never
type OmissibleOf<V, O> = V extends '0+' ? (O extends { readonly default: unknown } ? true : false) : true
type Scalar<T, In, V, O> = Field<T | NullOf<O>, In | NullOf<O>, OmissibleOf<V, O>>

function scalar<T, In = T>(kind: FieldKind) {
  return <const V extends string, const O extends FieldOptions = Record<never, never>>(versions: V, options?: O): Scalar<T, In, V, O> => ({
    kind,
    versions,
    options: options ?? {},
    fields: null,
    element: null,
  })
}

export const bool = scalar<boolean>('bool')
export const int8 = scalar<number>('int8')
export const int16 = scalar<number>('int16')
export const uint16 = scalar<number>('uint16')
export const int32 = scalar<number>('int32')
export const uint32 = scalar<number>('uint32')
/** 64 bits that are an offset, a time, an id: clamped to the safe integers when read. */
export const int64 = scalar<number>('int64')
/** 64 bits that have to be kept as they are. */
export const bigint64 = scalar<bigint>('bigint64')
export const float64 = scalar<number>('float64')
export const uuid = scalar<string>('uuid')
export const string = scalar<string>('string')
/** Copied out of the frame. */
export const bytes = scalar<Uint8Array>('bytes')
/** A view into the frame; a file range may stand for it when encoding. */
export const records = scalar<Uint8Array, Uint8Array | ExternalRecords>('records')

export function struct<const V extends string, const F extends Fields, const O extends FieldOptions = Record<never, never>>(
  versions: V,
  fields: F,
  options?: O,
): Scalar<DecodedFields<F>, EncodableFields<F>, V, O> {
  return { kind: 'struct', versions, options: options ?? {}, fields, element: null }
}

/** An array of structs, given by their fields, or of anything else, given by an element such as `int32('0+')`. */
export function array<const V extends string, const E extends Field | Fields, const O extends FieldOptions = Record<never, never>>(
  versions: V,
  element: E,
  options?: O,
): Scalar<readonly ElementOut<E>[], readonly ElementIn<E>[], V, O> {
  const isField = typeof (element as Field).kind === 'string' && typeof (element as Field).versions === 'string'
  const inner: Field = isField
    ? (element as Field)
    : { kind: 'struct', versions: '0+', options: {}, fields: element as Fields, element: null }
  return { kind: 'array', versions, options: options ?? {}, fields: inner.fields, element: inner }
}

type ElementOut<E> = E extends Field<infer Out> ? Out : E extends Fields ? DecodedFields<E> : never
type ElementIn<E> = E extends Field<unknown, infer In> ? In : E extends Fields ? EncodableFields<E> : never

type OutOf<F> = F extends Field<infer Out> ? Out : never
type InOf<F> = F extends Field<unknown, infer In> ? In : never
type IsOmissible<F> = F extends Field<unknown, unknown, infer Omissible> ? Omissible : never

export type DecodedFields<F extends Fields> = { readonly [Name in keyof F]: OutOf<F[Name]> }
export type EncodableFields<F extends Fields> = {
  readonly [Name in keyof F as IsOmissible<F[Name]> extends true ? never : Name]: InOf<F[Name]>
} & {
  readonly [Name in keyof F as IsOmissible<F[Name]> extends true ? Name : never]?: InOf<F[Name]>
}
