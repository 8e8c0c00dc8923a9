/**
 * At one offset of the metadata log all nodes have one and the same image, and no node goes back. The hash is of the canonical list of
 * records that makes the image, so nothing of it is left out.
 */
import { type ClusterImage, encodeRecords, imageRecords } from '@millrace/metadata'
import type { Complain, Look } from './watched-node.ts'

export function sameMetadata(complain: Complain): Look {
  const hashes = new Map<number, { readonly hash: number; readonly nodeId: number }>()
  const offsets = new Map<string, number>()
  return (nodes) => {
    for (const { nodeId, incarnation, image } of nodes) {
      const key = `${nodeId} ${incarnation}`
      const before = offsets.get(key)
      if (before === image.offset) continue
      if (before !== undefined && image.offset < before)
        complain(`node ${nodeId} went back from metadata offset ${before} to ${image.offset}`)
      offsets.set(key, image.offset)
      const hash = hashOfImage(image)
      const known = hashes.get(image.offset)
      if (known === undefined) hashes.set(image.offset, { hash, nodeId })
      else if (known.hash !== hash) complain(`nodes ${known.nodeId} and ${nodeId} differ in their metadata at offset ${image.offset}`)
    }
  }
}

function hashOfImage(image: ClusterImage): number {
  let hash = 0x811c9dc5
  for (const byte of encodeRecords([...imageRecords(image)])) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
