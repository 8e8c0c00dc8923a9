/** Our client and Apache Kafka. Skipped where there is none: set MILLRACE_PEERS_KAFKA or KAFKA_HOME. */
import { describe } from 'vitest'
import { kafkaHome, startApacheKafka } from './apache-kafka.ts'
import { describeClient } from './client-behaviour.ts'

if (kafkaHome === null) describe.skip('the client against Apache Kafka, which is not here', () => {})
else describeClient('the client against Apache Kafka', () => startApacheKafka())
