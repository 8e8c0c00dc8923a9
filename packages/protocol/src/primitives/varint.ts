/** Sizes of the protocol's unsigned varint: seven bits a byte, the lowest first, at most 32 bits in all. */
export const MAX_VARINT_BYTES = 5

export function unsignedVarintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  return value < 0x1000_0000 ? 4 : MAX_VARINT_BYTES
}
