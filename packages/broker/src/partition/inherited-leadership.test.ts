import type { PartitionImage } from '@millrace/metadata'
import { expect, it } from 'vitest'
import { InheritedLeadership } from './inherited-leadership.ts'

const NODE = 1

function image(leaderEpoch: number, replicas: readonly number[] = [1, 2], leader = NODE): PartitionImage {
  return { leader, leaderEpoch, replicas } as unknown as PartitionImage
}

function leadership(): { readonly leadership: InheritedLeadership; readonly metadata: { shows: boolean } } {
  const metadata = { shows: false }
  return { leadership: new InheritedLeadership({ nodeId: NODE, isRegistrationShown: () => metadata.shows }), metadata }
}

it('is none of this life while the metadata does not show its registration', () => {
  const { leadership: inherited, metadata } = leadership()
  for (const epoch of [0, 3]) {
    inherited.look(image(epoch))
    expect(inherited.leaderOf(image(epoch))).toBe(-1)
  }
  metadata.shows = true
  inherited.look(image(3))
  expect(inherited.leaderOf(image(3))).toBe(-1)
  inherited.look(image(4))
  expect(inherited.leaderOf(image(4))).toBe(NODE)
})

it('leaves who else leads as it is', () => {
  const { leadership: inherited } = leadership()
  const other = image(3, [1, 2], 2)
  inherited.look(other)
  expect(inherited.leaderOf(other)).toBe(2)
})

it('does not matter where nobody else has a replica', () => {
  const { leadership: inherited } = leadership()
  inherited.look(image(3, [NODE]))
  expect(inherited.leaderOf(image(3, [NODE]))).toBe(NODE)
})
