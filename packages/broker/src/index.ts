/** The broker: what listens, answers and keeps partitions. */
export { type Broker, type BrokerOptions, startBroker } from './broker.ts'
export type { AdvertisedAddressSettings } from './advertised-address.ts'
export { loadDeferred } from './load-deferred.ts'
export { BrokerFailedError } from './lifecycle/broker-failed-error.ts'
export { LIFECYCLE_FAILURE_CODES, type LifecycleFailureCode } from './lifecycle/state.ts'
export type { Partition } from './partition/partition.ts'
