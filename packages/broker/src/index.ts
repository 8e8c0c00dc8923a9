/** The broker: what listens, answers and keeps partitions. */
export { type Broker, type BrokerOptions, startBroker } from './broker.ts'
export type { AdvertisedAddressSettings } from './advertised-address.ts'
