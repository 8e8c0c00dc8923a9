/**
 * CRC-32C (Castagnoli polynomial, RFC 3720) by tables, sixteen bytes a step: for short inputs faster than a call into native
 * code, and the fallback where there is none.
 */
const POLYNOMIAL = 0x82f63b78
const TABLES = makeTables()

function makeTables(): Int32Array[] {
  const tables = Array.from({ length: 16 }, () => new Int32Array(256))
  const first = tables[0] as Int32Array
  for (let index = 0; index < 256; index += 1) {
    let crc = index
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    first[index] = crc
  }
  for (let table = 1; table < 16; table += 1) {
    const previous = tables[table - 1] as Int32Array
    const current = tables[table] as Int32Array
    for (let index = 0; index < 256; index += 1) {
      const crc = previous[index] as number
      current[index] = (crc >>> 8) ^ (first[crc & 0xff] as number)
    }
  }
  return tables
}

const [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15] = TABLES as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
]

/** As an unsigned 32-bit integer. `previous` is that of the bytes before these. */
export function crc32cByTables(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous
  let at = 0
  const steps = bytes.length - (bytes.length % 16)
  for (; at < steps; at += 16) {
    const a = crc ^ word(bytes, at)
    const b = word(bytes, at + 4)
    const c = word(bytes, at + 8)
    const d = word(bytes, at + 12)
    crc =
      (T15[a & 0xff] as number) ^
      (T14[(a >>> 8) & 0xff] as number) ^
      (T13[(a >>> 16) & 0xff] as number) ^
      (T12[a >>> 24] as number) ^
      (T11[b & 0xff] as number) ^
      (T10[(b >>> 8) & 0xff] as number) ^
      (T9[(b >>> 16) & 0xff] as number) ^
      (T8[b >>> 24] as number) ^
      (T7[c & 0xff] as number) ^
      (T6[(c >>> 8) & 0xff] as number) ^
      (T5[(c >>> 16) & 0xff] as number) ^
      (T4[c >>> 24] as number) ^
      (T3[d & 0xff] as number) ^
      (T2[(d >>> 8) & 0xff] as number) ^
      (T1[(d >>> 16) & 0xff] as number) ^
      (T0[d >>> 24] as number)
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ (T0[(crc ^ (bytes[at] as number)) & 0xff] as number)
  return ~crc >>> 0
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
}
