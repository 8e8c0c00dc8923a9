/** The controller of a cluster: decides what changes, and keeps it. */
export type { RaftEndpoint, RaftTransport } from './shell/raft/raft-transport.ts'
export { fromRaftId, toRaftId, type VoterId } from './shell/raft/voter-id.ts'
export { METADATA_STORAGE_ERROR_CODES, MetadataStorageError, type MetadataStorageErrorCode } from './shell/errors.ts'
export type { MetadataDirectory } from './shell/metadata-log.ts'
export type { Leadership } from './shell/metadata-quorum.ts'
export { formatAlone, formatMetadataDirectory, isFormatted, type FormatOptions, type FormattedVoter } from './shell/raft/format.ts'
export {
  type ConfiguredController,
  type ControllerPeers,
  type RunningController,
  startController,
  type StartControllerOptions,
} from './shell/start-controller.ts'
export type { ControllerClientOptions, LocalController } from './rpc/controller-client.ts'
export { NotActiveError, unanswered, unreachable } from './rpc/controller-errors.ts'
export type { ControllerChannel, ControllerConnector, ControllerService, Line, LineCaller } from './rpc/controller-service.ts'
export type {
  ControllerEndpoint,
  FetchedBatches,
  FetchedSnapshot,
  LaggingController,
  MetadataAlarm,
  MetadataBatch,
  MetadataFetchRequest,
  MetadataFetchResponse,
  MetadataSnapshotChunk,
  MetadataSnapshotId,
  MetadataSnapshotRequest,
} from './rpc/metadata-fetch.ts'
export { openControllerServer, openGrpcConnector } from './rpc/control-over-grpc.ts'
export { ControllerListenError } from './rpc/controller-listen-error.ts'
export type { ControllerServer, ControllerServerOptions } from './rpc/grpc/controller-server.ts'
export type { ChannelTimeouts, GrpcConnectorOptions } from './rpc/grpc/grpc-controller-channel.ts'
export type { LocalControllerServiceOptions } from './rpc/local-controller-service.ts'
export { PEER_CONTROL } from './rpc/peer-control-module.ts'
export type { MetadataObserver, ObserverDirectory, StartMetadataObserverOptions } from './rpc/start-metadata-observer.ts'
export { MetadataFollowError } from './rpc/metadata-follow-error.ts'
