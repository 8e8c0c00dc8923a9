/** Whether a group of one protocol may become one of the other while it has members (`group.consumer.migration.policy`). */
import type { GroupSettings } from '../../group/settings.ts'

export function mayUpgrade({ consumerMigrationPolicy }: GroupSettings): boolean {
  return consumerMigrationPolicy === 'bidirectional' || consumerMigrationPolicy === 'upgrade'
}

export function mayDowngrade({ consumerMigrationPolicy }: GroupSettings): boolean {
  return consumerMigrationPolicy === 'bidirectional' || consumerMigrationPolicy === 'downgrade'
}
