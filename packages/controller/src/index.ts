/** The controller of a cluster: decides what changes, and keeps it. */
export { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, type MetadataStorageErrorCode } from './shell/errors.ts'
export {
  type MetadataDirectory,
  type RunningController,
  startController,
  type StartControllerOptions,
} from './shell/start-controller.ts'
