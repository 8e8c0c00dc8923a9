/** Our client and our broker, which has to pass for Apache Kafka. */
import { startBroker } from '@millrace/server'
import { describeClient } from './client-behaviour.ts'

describeClient('the client against Millrace', () => startBroker({ port: 0, storage: 'memory', logLevel: 'warn' }))
