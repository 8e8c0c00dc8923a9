/** The ids that the coordinator gives to members of classic groups, as Apache Kafka makes them: clients and tools show them. */
import { uuidToBytes } from '@millrace/protocol'

/** Begins with what is known of the member: its instance id or the id of its client. */
export function newMemberId(prefix: string, uuid: string): string {
  const hex = Array.from(uuidToBytes(uuid), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return `${prefix}-${groups.join('-')}`
}
