/**
 * Asks the controller for something, for handlers that answer each part of a request on its own. When there is nobody to ask,
 * every part gets that as its outcome: a client retries what it is told may be retried, and a closed connection tells it less.
 */
import { ControllerError } from '@millrace/metadata'
import type { Outcome } from '@millrace/metadata'
import type { BrokerServices } from '../broker-services.ts'

export async function askController<Part, Result extends Outcome>(
  services: BrokerServices,
  parts: readonly Part[],
  ask: () => Promise<readonly Result[]>,
  failed: (part: Part, outcome: Outcome) => Result,
): Promise<readonly Result[]> {
  // Nothing to decide: the controller need not be there.
  if (parts.length === 0) return []
  try {
    return await ask()
  } catch (error) {
    services.logger.warn('the controller did not answer', { error })
    const errorMessage = error instanceof ControllerError ? error.message : "unexpected error; the broker's log says more"
    const outcome = { errorCode: services.errorCodeOf(error), errorMessage }
    return parts.map((part) => failed(part, outcome))
  }
}
