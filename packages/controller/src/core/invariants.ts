/**
 * What the controller's commands keep true of every image they make, beyond what is true of any image. The numbers are those of
 * docs/spec/controller.md.
 */
import type { ClusterImage } from '@millrace/metadata'
import { isActiveBroker } from './new-partition.ts'

export function assertControllerInvariants(image: ClusterImage): void {
  for (const topic of image.topics) {
    for (const [index, partition] of topic.partitions.entries()) {
      const where = `${topic.name}-${index}`
      for (const id of partition.isr) check(isActiveBroker(image.brokers.get(id)), 'C1: whoever is in an ISR is active', `${where}: ${id}`)
      check((partition.leader === -1) === (partition.isr.length === 0), 'C2: a partition has a leader exactly when it has an ISR', where)
      const isMoving = partition.addingReplicas.length + partition.removingReplicas.length > 0
      const targets = partition.replicas.filter((id) => !partition.removingReplicas.includes(id))
      const isThere = targets.every((id) => partition.isr.includes(id))
      const isRecovering = partition.recoveryState === 'recovering'
      check(!isMoving || isRecovering || !isThere, 'C3: a reassignment whose targets are in sync is over', where)
    }
  }
}

function check(condition: boolean, claim: string, where: string): void {
  if (!condition) throw new Error(`invariant broken: ${claim} (${where})`)
}
