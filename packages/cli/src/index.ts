/** What a program gets from the package `millrace`: brokers in its own process, and the client for them and for Apache Kafka. */
export * from '@millrace/client'
export * from '@millrace/server'
