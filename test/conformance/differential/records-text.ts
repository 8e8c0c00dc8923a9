/** The batches of a fetch as text: what a consumer could tell apart, without times and checksums. */
import { readMarker } from '@millrace/protocol'
import { batchesOf, readRecordSet } from '../../integration/testing/record-set.ts'
import type { World } from './world.ts'

export function recordsText(world: World, bytes: Uint8Array): string {
  const texts = batchesOf(bytes).map(({ header, position }) => {
    const from = header.producerId < 0 ? '' : ` of ${world.alias(`producer ${header.producerId}`, 'producer')} ${header.producerEpoch}`
    const marker = header.isControl ? readMarker(bytes, position) : null
    if (marker !== null) return `${header.baseOffset} ${marker.type}${from}`
    const { records } = readRecordSet(bytes.subarray(position, position + header.sizeInBytes), 0)
    const kind = header.isTransactional ? ' transactional' : ''
    return `${header.baseOffset}${kind} ${records.map(({ value }) => value).join('+')}${from} from ${header.baseSequence}`
  })
  return `[${texts.join(', ')}]`
}
