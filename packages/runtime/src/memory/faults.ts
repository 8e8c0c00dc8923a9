/**
 * Failures that a test asks of a memory disk. Each is used once, by the first operation that it fits, in the order asked
 * for. Nothing fails by itself, except for want of room.
 */
import { DISK_ERROR_CODES, DiskError, type DiskErrorCode } from '../ports/disk.ts'

export type FaultyOperation = 'open' | 'read' | 'write' | 'truncate' | 'sync' | 'syncDirectory' | 'rename' | 'replaceFile'

export interface DiskFault {
  readonly operation: FaultyOperation
  /** Fits paths that contain this; every path when absent. */
  readonly pathIncludes?: string
  /** `ERR_DISK_FAILED` when absent. */
  readonly code?: DiskErrorCode
  /** For `write`: how many bytes reach the file before it fails; none when absent. */
  readonly writtenBytes?: number
  /** Called when an operation has met it. */
  readonly onMet?: () => void
}

export class FaultPlan {
  readonly #faults: DiskFault[] = []

  add(fault: DiskFault): void {
    this.#faults.push(fault)
  }

  clear(): void {
    this.#faults.length = 0
  }

  /** The fault that fits, which is used up by this. */
  take(operation: FaultyOperation, path: string): DiskFault | undefined {
    if (this.#faults.length === 0) return undefined
    const index = this.#faults.findIndex((fault) => fault.operation === operation && path.includes(fault.pathIncludes ?? ''))
    const fault = index < 0 ? undefined : this.#faults.splice(index, 1)[0]
    fault?.onMet?.()
    return fault
  }

  /** Throws when a fault fits. */
  check(operation: FaultyOperation, path: string): void {
    const fault = this.take(operation, path)
    if (fault !== undefined) throw faultError(fault, path)
  }
}

export function faultError(fault: DiskFault, path: string): DiskError {
  return new DiskError(fault.code ?? DISK_ERROR_CODES.failed, path, `cannot ${fault.operation} ${path}: a failure that was asked for`)
}
