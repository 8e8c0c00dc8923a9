/** An outcome that the protocol names: the code, and for people what is wrong. */
import { ERROR_CODES, type ErrorName } from '@millrace/protocol'

export interface Refusal {
  readonly errorCode: number
  readonly errorMessage: string
}

export function refusal(name: ErrorName, errorMessage: string): Refusal {
  return { errorCode: ERROR_CODES[name], errorMessage }
}
