/** Whoever leads or is in sync is a broker that the cluster counts on: registered and not fenced; a leader is in sync itself. */
import type { ClusterImage } from '@millrace/metadata'
import type { Complain, Look } from './watched-node.ts'

export function eligibleLeaders(complain: Complain): Look {
  const seen = new Map<number, ClusterImage>()
  return (nodes) => {
    for (const { nodeId, image } of nodes) {
      if (seen.get(nodeId) === image) continue
      seen.set(nodeId, image)
      for (const sentence of ineligible(image)) complain(`metadata at offset ${image.offset}: ${sentence}`)
    }
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
