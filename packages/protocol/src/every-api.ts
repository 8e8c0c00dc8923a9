/**
 * Every API that can be read and written: also those that neither our broker nor our client speaks. They are an entry of their own,
 * `@millrace/protocol/every-api`, so that who does not name them does not load them.
 */
import { APIS } from './apis.ts'
import { saslHandshakeApi } from './messages/17-sasl-handshake.ts'
import { alterReplicaLogDirsApi } from './messages/34-alter-replica-log-dirs.ts'
import { saslAuthenticateApi } from './messages/36-sasl-authenticate.ts'
import { createDelegationTokenApi } from './messages/38-create-delegation-token.ts'
import { renewDelegationTokenApi } from './messages/39-renew-delegation-token.ts'
import { expireDelegationTokenApi } from './messages/40-expire-delegation-token.ts'
import { describeDelegationTokenApi } from './messages/41-describe-delegation-token.ts'
import { alterClientQuotasApi } from './messages/49-alter-client-quotas.ts'
import { alterUserScramCredentialsApi } from './messages/51-alter-user-scram-credentials.ts'
import { alterPartitionApi } from './messages/56-alter-partition.ts'
import { getTelemetrySubscriptionsApi } from './messages/71-get-telemetry-subscriptions.ts'
import { pushTelemetryApi } from './messages/72-push-telemetry.ts'
import { shareGroupHeartbeatApi } from './messages/76-share-group-heartbeat.ts'
import { shareGroupDescribeApi } from './messages/77-share-group-describe.ts'
import { shareFetchApi } from './messages/78-share-fetch.ts'
import { shareAcknowledgeApi } from './messages/79-share-acknowledge.ts'
import { initializeShareGroupStateApi } from './messages/83-initialize-share-group-state.ts'
import { readShareGroupStateApi } from './messages/84-read-share-group-state.ts'
import { writeShareGroupStateApi } from './messages/85-write-share-group-state.ts'
import { deleteShareGroupStateApi } from './messages/86-delete-share-group-state.ts'
import { readShareGroupStateSummaryApi } from './messages/87-read-share-group-state-summary.ts'
import { streamsGroupHeartbeatApi } from './messages/88-streams-group-heartbeat.ts'
import { streamsGroupDescribeApi } from './messages/89-streams-group-describe.ts'
import { describeShareGroupOffsetsApi } from './messages/90-describe-share-group-offsets.ts'
import { alterShareGroupOffsetsApi } from './messages/91-alter-share-group-offsets.ts'
import { deleteShareGroupOffsetsApi } from './messages/92-delete-share-group-offsets.ts'
import { streamsGroupTopologyDescriptionUpdateApi } from './messages/93-streams-group-topology-description-update.ts'
import { unregisterControllerApi } from './messages/94-unregister-controller.ts'
import type { ApiDefinition } from './schema/define-api.ts'

export { saslHandshakeApi, saslHandshakeRequest, saslHandshakeResponse } from './messages/17-sasl-handshake.ts'
export { alterReplicaLogDirsApi, alterReplicaLogDirsRequest, alterReplicaLogDirsResponse } from './messages/34-alter-replica-log-dirs.ts'
export { saslAuthenticateApi, saslAuthenticateRequest, saslAuthenticateResponse } from './messages/36-sasl-authenticate.ts'
export {
  createDelegationTokenApi,
  createDelegationTokenRequest,
  createDelegationTokenResponse,
} from './messages/38-create-delegation-token.ts'
export { renewDelegationTokenApi, renewDelegationTokenRequest, renewDelegationTokenResponse } from './messages/39-renew-delegation-token.ts'
export {
  expireDelegationTokenApi,
  expireDelegationTokenRequest,
  expireDelegationTokenResponse,
} from './messages/40-expire-delegation-token.ts'
export {
  describeDelegationTokenApi,
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from './messages/41-describe-delegation-token.ts'
export { alterClientQuotasApi, alterClientQuotasRequest, alterClientQuotasResponse } from './messages/49-alter-client-quotas.ts'
export {
  alterUserScramCredentialsApi,
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from './messages/51-alter-user-scram-credentials.ts'
export { alterPartitionApi, alterPartitionRequest, alterPartitionResponse } from './messages/56-alter-partition.ts'
export {
  getTelemetrySubscriptionsApi,
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from './messages/71-get-telemetry-subscriptions.ts'
export { pushTelemetryApi, pushTelemetryRequest, pushTelemetryResponse } from './messages/72-push-telemetry.ts'
export { shareGroupHeartbeatApi, shareGroupHeartbeatRequest, shareGroupHeartbeatResponse } from './messages/76-share-group-heartbeat.ts'
export { shareGroupDescribeApi, shareGroupDescribeRequest, shareGroupDescribeResponse } from './messages/77-share-group-describe.ts'
export { shareFetchApi, shareFetchRequest, shareFetchResponse } from './messages/78-share-fetch.ts'
export { shareAcknowledgeApi, shareAcknowledgeRequest, shareAcknowledgeResponse } from './messages/79-share-acknowledge.ts'
export {
  initializeShareGroupStateApi,
  initializeShareGroupStateRequest,
  initializeShareGroupStateResponse,
} from './messages/83-initialize-share-group-state.ts'
export { readShareGroupStateApi, readShareGroupStateRequest, readShareGroupStateResponse } from './messages/84-read-share-group-state.ts'
export {
  writeShareGroupStateApi,
  writeShareGroupStateRequest,
  writeShareGroupStateResponse,
} from './messages/85-write-share-group-state.ts'
export {
  deleteShareGroupStateApi,
  deleteShareGroupStateRequest,
  deleteShareGroupStateResponse,
} from './messages/86-delete-share-group-state.ts'
export {
  readShareGroupStateSummaryApi,
  readShareGroupStateSummaryRequest,
  readShareGroupStateSummaryResponse,
} from './messages/87-read-share-group-state-summary.ts'
export {
  streamsGroupHeartbeatApi,
  streamsGroupHeartbeatRequest,
  streamsGroupHeartbeatResponse,
} from './messages/88-streams-group-heartbeat.ts'
export { streamsGroupDescribeApi, streamsGroupDescribeRequest, streamsGroupDescribeResponse } from './messages/89-streams-group-describe.ts'
export {
  describeShareGroupOffsetsApi,
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from './messages/90-describe-share-group-offsets.ts'
export {
  alterShareGroupOffsetsApi,
  alterShareGroupOffsetsRequest,
  alterShareGroupOffsetsResponse,
} from './messages/91-alter-share-group-offsets.ts'
export {
  deleteShareGroupOffsetsApi,
  deleteShareGroupOffsetsRequest,
  deleteShareGroupOffsetsResponse,
} from './messages/92-delete-share-group-offsets.ts'
export {
  streamsGroupTopologyDescriptionUpdateApi,
  streamsGroupTopologyDescriptionUpdateRequest,
  streamsGroupTopologyDescriptionUpdateResponse,
} from './messages/93-streams-group-topology-description-update.ts'
export { unregisterControllerApi, unregisterControllerRequest, unregisterControllerResponse } from './messages/94-unregister-controller.ts'

const OTHERS: readonly ApiDefinition[] = [
  saslHandshakeApi,
  alterReplicaLogDirsApi,
  saslAuthenticateApi,
  createDelegationTokenApi,
  renewDelegationTokenApi,
  expireDelegationTokenApi,
  describeDelegationTokenApi,
  alterClientQuotasApi,
  alterUserScramCredentialsApi,
  alterPartitionApi,
  getTelemetrySubscriptionsApi,
  pushTelemetryApi,
  shareGroupHeartbeatApi,
  shareGroupDescribeApi,
  shareFetchApi,
  shareAcknowledgeApi,
  initializeShareGroupStateApi,
  readShareGroupStateApi,
  writeShareGroupStateApi,
  deleteShareGroupStateApi,
  readShareGroupStateSummaryApi,
  streamsGroupHeartbeatApi,
  streamsGroupDescribeApi,
  describeShareGroupOffsetsApi,
  alterShareGroupOffsetsApi,
  deleteShareGroupOffsetsApi,
  streamsGroupTopologyDescriptionUpdateApi,
  unregisterControllerApi,
]

/** In the order of keys. */
export const EVERY_API: readonly ApiDefinition[] = [...APIS, ...OTHERS].toSorted((left, right) => left.key - right.key)
