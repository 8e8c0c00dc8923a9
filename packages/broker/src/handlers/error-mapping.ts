/**
 * What a client is told of an error that was thrown. The only place where errors of our own become codes of the wire;
 * outcomes that the protocol names are values and never come through here.
 *
 * A code is chosen by what the client does with it: a retriable one where the same request may succeed later, here or
 * elsewhere, and `UNKNOWN_SERVER_ERROR`, at which clients give up, for what nobody foresaw.
 */
import { STORAGE_ERROR_CODES, StorageError } from '@millrace/log'
import type { StorageErrorCode } from '@millrace/log'
import { ControllerError, METADATA_ERROR_CODES, MetadataError } from '@millrace/metadata'
import { ERROR_CODES, PROTOCOL_ERROR_CODES, ProtocolError } from '@millrace/protocol'
import type { ErrorCode, ProtocolErrorCode } from '@millrace/protocol'
import { CompressionError, DiskError } from '@millrace/runtime'

const BY_STORAGE_CODE: Readonly<Record<StorageErrorCode, ErrorCode>> = {
  [STORAGE_ERROR_CODES.diskFull]: ERROR_CODES.KAFKA_STORAGE_ERROR,
  [STORAGE_ERROR_CODES.tooManyFiles]: ERROR_CODES.KAFKA_STORAGE_ERROR,
  [STORAGE_ERROR_CODES.offline]: ERROR_CODES.KAFKA_STORAGE_ERROR,
  // The partition was deleted or moved away meanwhile: the client has to ask for the metadata again.
  [STORAGE_ERROR_CODES.closed]: ERROR_CODES.NOT_LEADER_OR_FOLLOWER,
  [STORAGE_ERROR_CODES.corrupt]: ERROR_CODES.KAFKA_STORAGE_ERROR,
  [STORAGE_ERROR_CODES.foreign]: ERROR_CODES.KAFKA_STORAGE_ERROR,
  [STORAGE_ERROR_CODES.locked]: ERROR_CODES.KAFKA_STORAGE_ERROR,
  [STORAGE_ERROR_CODES.uncleanable]: ERROR_CODES.KAFKA_STORAGE_ERROR,
}

const BY_PROTOCOL_CODE: Readonly<Record<ProtocolErrorCode, ErrorCode>> = {
  [PROTOCOL_ERROR_CODES.malformed]: ERROR_CODES.INVALID_REQUEST,
  [PROTOCOL_ERROR_CODES.unsupportedVersion]: ERROR_CODES.UNSUPPORTED_VERSION,
  // An answer of ours that does not fit its schema is our mistake.
  [PROTOCOL_ERROR_CODES.unencodable]: ERROR_CODES.UNKNOWN_SERVER_ERROR,
}

export function errorCodeOf(error: unknown): ErrorCode {
  if (error instanceof StorageError) return BY_STORAGE_CODE[error.code]
  if (error instanceof DiskError) return ERROR_CODES.KAFKA_STORAGE_ERROR
  if (error instanceof ControllerError) return error.errorCode
  if (error instanceof ProtocolError) return BY_PROTOCOL_CODE[error.code]
  if (error instanceof CompressionError) return ERROR_CODES.CORRUPT_MESSAGE
  if (error instanceof MetadataError && error.code === METADATA_ERROR_CODES.configInvalid) return ERROR_CODES.INVALID_CONFIG
  return ERROR_CODES.UNKNOWN_SERVER_ERROR
}
