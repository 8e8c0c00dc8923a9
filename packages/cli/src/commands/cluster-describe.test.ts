import { expect, it } from 'vitest'
import { knownLag } from './cluster-describe.ts'

it.each([
  { says: [], lag: 0 },
  { says: [3, 0, 4], lag: 7 },
  { says: [-1, -1], lag: 0 },
  { says: [5, -1], lag: 5 },
])('adds up what replicas are behind, as far as they say: $says', ({ says, lag }) => {
  expect(knownLag(says.map((offsetLag) => ({ offsetLag })))).toBe(lag)
})
