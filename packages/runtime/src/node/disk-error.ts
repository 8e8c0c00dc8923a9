/** Turns what the operating system says about files into the few codes that the rest of Millrace acts upon. */
import { constants } from 'node:os'
import { DISK_ERROR_CODES, DiskError, type DiskErrorCode } from '../ports/disk.ts'

const CODES: ReadonlyMap<string, DiskErrorCode> = new Map([
  ['ENOSPC', DISK_ERROR_CODES.full],
  ['EDQUOT', DISK_ERROR_CODES.full],
  ['ENOENT', DISK_ERROR_CODES.notFound],
  ['EACCES', DISK_ERROR_CODES.notPermitted],
  ['EPERM', DISK_ERROR_CODES.notPermitted],
  ['EROFS', DISK_ERROR_CODES.notPermitted],
  ['EMFILE', DISK_ERROR_CODES.tooManyFiles],
  ['ENFILE', DISK_ERROR_CODES.tooManyFiles],
])

/** `doing` completes the sentence "cannot … <path>". An error that is a `DiskError` already is handed back as it is. */
export function toDiskError(error: unknown, doing: string, path: string): DiskError {
  if (error instanceof DiskError) return error
  const reason = systemCode(error) ?? (error instanceof Error ? error.message : String(error))
  return new DiskError(CODES.get(reason) ?? DISK_ERROR_CODES.failed, path, `cannot ${doing} ${path}: ${reason}`, { cause: error })
}

/** The errno name of a system error. libuv has no name for an exceeded quota and reports its number only. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, errno } = error as NodeJS.ErrnoException
  if (errno === -constants.errno.EDQUOT) return 'EDQUOT'
  return code
}
