/** What is told to whoever asks when metadata cannot be stored. */
import { STORAGE_ERROR_CODES, StorageError } from '@millrace/log'
import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type Disk, DiskError } from '@millrace/runtime'
import { isWantOfRoom } from './raft-storage.ts'

/** Room that must be left on the disk before anything is proposed: for the log's indexes and Raft's own entries. */
const ROOM_BYTES = 64 * 1024

/** A disk that is nearly full refuses what is new, so that there is room to finish what was begun. */
export function hasRoom(disk: Disk, path: string, batches: readonly { readonly bytes: Uint8Array }[]): boolean {
  const space = disk.space(path)
  return space === null || space.freeBytes >= batches.reduce((sum, { bytes }) => sum + bytes.length, ROOM_BYTES)
}

export function noRoom(): ControllerError {
  const message = 'the change could not be stored: there is no room on the disk of the metadata log'
  return new ControllerError(CONTROLLER_ERROR_CODES.storage, ERROR_CODES.KAFKA_STORAGE_ERROR, message)
}

/** What the disk reported at the start. A log that is damaged says so itself, and so does everything else. */
export function notStored(error: unknown): unknown {
  const isOfDisk = error instanceof DiskError || (error instanceof StorageError && error.code !== STORAGE_ERROR_CODES.corrupt)
  if (!isOfDisk) return error
  const message = `the metadata could not be stored or read: ${error.message}`
  const code = isWantOfRoom(error) ? CONTROLLER_ERROR_CODES.storage : CONTROLLER_ERROR_CODES.offline
  return new ControllerError(code, ERROR_CODES.KAFKA_STORAGE_ERROR, message, { cause: error })
}
