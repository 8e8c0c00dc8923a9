/** An outcome that the protocol names: the code, and for people what is wrong. */
import { ERROR_CODES, type ErrorName } from '@millrace/protocol'

export interface Refusal {
  readonly errorCode: number
  readonly errorMessage: string
}

export function refusal(name: ErrorName, errorMessage: string): Refusal {
  return { errorCode: ERROR_CODES[name], errorMessage }
}

export function groupIsFull(maxSize: number): Refusal {
  return refusal('GROUP_MAX_SIZE_REACHED', `The consumer group has reached its maximum capacity of ${maxSize} members.`)
}
