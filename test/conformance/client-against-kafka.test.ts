/** Our client and Apache Kafka. Skipped where there is none: set MILLRACE_PEERS_KAFKA or KAFKA_HOME. */
import { describe } from 'vitest'
import { kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { describeClient } from './client-behaviour.ts'

describe.skipIf(kafkaHome === null)('with Apache Kafka beside us', () => {
  describeClient('the client against Apache Kafka', () => startApacheKafka())
})
