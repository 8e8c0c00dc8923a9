/** What the members of a classic group read, as far as the coordinator can tell: from the metadata that consumers send to their leader. */
import { CONSUMER_PROTOCOL_TYPE, decodeSubscription, ProtocolError } from '@millrace/protocol'
import { metadataOf } from './member.ts'
import type { ClassicState } from './state.ts'

/** Null if that cannot be told: the members are no consumers, or their metadata is of a kind of its own. */
export function subscribedTopics(state: ClassicState): ReadonlySet<string> | null {
  if (state.protocolType !== CONSUMER_PROTOCOL_TYPE) return null
  const topics = new Set<string>()
  for (const member of state.members.values()) {
    try {
      for (const topic of decodeSubscription(metadataOf(member, state.protocolName)).topics) topics.add(topic)
    } catch (error) {
      if (error instanceof ProtocolError) return null
      throw error
    }
  }
  return topics
}
