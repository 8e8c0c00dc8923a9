/**
 * Asks the controller for something. When there is nobody to ask, that is the outcome: of every part of a request that is
 * answered part by part, or of the request. A client retries what it is told may be retried, and a closed connection tells it
 * less.
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
    const outcome = outcomeOf(services, error)
    return parts.map((part) => failed(part, outcome))
  }
}

/** For requests that succeed or fail as a whole. */
export async function askControllerOnce<Result>(
  services: BrokerServices,
  ask: () => Promise<Result>,
  failed: (outcome: Outcome) => Result,
): Promise<Result> {
  try {
    return await ask()
  } catch (error) {
    return failed(outcomeOf(services, error))
  }
}

function outcomeOf(services: BrokerServices, error: unknown): Outcome {
  services.logger.warn('the controller did not answer', { error })
  const errorMessage = error instanceof ControllerError ? error.message : "unexpected error; the broker's log says more"
  return { errorCode: services.errorCodeOf(error), errorMessage }
}
