/** Kafka's broker configs that concern the log directory as a whole, in the log's own terms. */
import { DEFAULT_LOG_DIRECTORY_SETTINGS, type LogDirectorySettings } from '@millrace/log'
import type { BrokerConfig } from '@millrace/metadata'

export function logDirectorySettings(config: BrokerConfig): LogDirectorySettings {
  return {
    ...DEFAULT_LOG_DIRECTORY_SETTINGS,
    checkpointIntervalMs: config.get('log.flush.offset.checkpoint.interval.ms'),
    retentionCheckIntervalMs: config.get('log.retention.check.interval.ms'),
    cleanerBackoffMs: config.get('log.cleaner.backoff.ms'),
    cleanerDedupeBufferBytes: config.get('log.cleaner.dedupe.buffer.size'),
    producerIdExpirationMs: config.get('producer.id.expiration.ms'),
  }
}
