/**
 * Whoever leads or is in sync is a broker that the cluster counts on: registered and not fenced; a leader is in sync itself. So it is
 * with every image that a node is shown, also with those that last for no longer than it takes to apply the next batch.
 */
import type { ClusterImage } from '@millrace/metadata'
import type { Complain } from './watched-node.ts'

/** To be called with each image that a node comes to have, in the order of the node. */
export function eligibleLeaders(complain: Complain): (image: ClusterImage) => void {
  let lastOffset = -1
  return (image) => {
    // What others were shown before is the same.
    if (image.offset <= lastOffset) return
    lastOffset = image.offset
    for (const sentence of ineligible(image)) complain(`metadata at offset ${image.offset}: ${sentence}`)
  }
}

function* ineligible(image: ClusterImage): Generator<string, undefined> {
  for (const topic of image.topics) {
    for (const [index, { leader, isr, elr, replicas }] of topic.partitions.entries()) {
      const name = `${topic.name}-${index}`
      if (leader >= 0 && !isr.includes(leader)) yield `${name} is led by ${leader}, which is not in its ISR ${isr.join(',')}`
      for (const id of isr) {
        const broker = image.brokers.get(id)
        if (broker === undefined || broker.isFenced)
          yield `${name} has ${id} in its ISR, which is ${broker === undefined ? 'unknown' : 'fenced'}`
      }
      for (const id of [...isr, ...elr]) if (!replicas.includes(id)) yield `${name} has ${id} in its ISR or ELR, and not among its replicas`
    }
  }
  return undefined
}
