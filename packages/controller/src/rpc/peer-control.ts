/** See `peer-control-module.ts`. */
export { ControllerClient } from './controller-client.ts'
export { LocalControllerService } from './local-controller-service.ts'
export { startMetadataObserver } from './start-metadata-observer.ts'
