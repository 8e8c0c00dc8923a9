import { LogCorruptError, STORAGE_ERROR_CODES, StorageError } from '@millrace/log'
import { CONTROLLER_ERROR_CODES, ControllerError, METADATA_ERROR_CODES, MetadataError } from '@millrace/metadata'
import { ERROR_CODES, errorName, isRetriable, PROTOCOL_ERROR_CODES, ProtocolError } from '@millrace/protocol'
import { COMPRESSION_ERROR_CODES, CompressionError, DISK_ERROR_CODES, DiskError } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { errorCodeOf } from './error-mapping.ts'

it.each([
  ['a full disk', new StorageError(STORAGE_ERROR_CODES.diskFull, '/data', 'full'), 'KAFKA_STORAGE_ERROR'],
  ['an offline log directory', new StorageError(STORAGE_ERROR_CODES.offline, '/data', 'offline'), 'KAFKA_STORAGE_ERROR'],
  ['a damaged log', new LogCorruptError('/data/a-0', 0, 'crc'), 'KAFKA_STORAGE_ERROR'],
  ['a log that was closed meanwhile', new StorageError(STORAGE_ERROR_CODES.closed, '/data', 'closed'), 'NOT_LEADER_OR_FOLLOWER'],
  ['an error of the disk itself', new DiskError(DISK_ERROR_CODES.full, '/data', 'full'), 'KAFKA_STORAGE_ERROR'],
  [
    'what the controller says',
    new ControllerError(CONTROLLER_ERROR_CODES.busy, ERROR_CODES.REQUEST_TIMED_OUT, 'busy'),
    'REQUEST_TIMED_OUT',
  ],
  ['bytes that are no message', new ProtocolError(PROTOCOL_ERROR_CODES.malformed, 'bad'), 'INVALID_REQUEST'],
  ['a version that is not there', new ProtocolError(PROTOCOL_ERROR_CODES.unsupportedVersion, 'old'), 'UNSUPPORTED_VERSION'],
  ['an answer of ours that fits no version', new ProtocolError(PROTOCOL_ERROR_CODES.unencodable, 'ours'), 'UNKNOWN_SERVER_ERROR'],
  ['records that do not decompress', new CompressionError(COMPRESSION_ERROR_CODES.corrupt, 'lz4'), 'CORRUPT_MESSAGE'],
  ['a config that is not allowed', new MetadataError(METADATA_ERROR_CODES.configInvalid, 'no'), 'INVALID_CONFIG'],
  ['what nobody foresaw', new TypeError('undefined is not a function'), 'UNKNOWN_SERVER_ERROR'],
  ['what is not even an error', 'text', 'UNKNOWN_SERVER_ERROR'],
])('tells a client of %s', (_, error, expected) => {
  expect(errorName(errorCodeOf(error))).toBe(expected)
})

it.each(Object.entries(STORAGE_ERROR_CODES))('lets a client try again after the storage error %s', (_, code) => {
  expect(isRetriable(errorCodeOf(new StorageError(code, '/data', 'storage')))).toBe(true)
})
