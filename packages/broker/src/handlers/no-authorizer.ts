/**
 * What every question about access control lists is answered with: nobody is refused anything, so there are none. Tools know the
 * error as that of an Apache Kafka without an authorizer, and go on without them.
 */
import type { Outcome } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'

export const NO_AUTHORIZER: Outcome = { errorCode: ERROR_CODES.SECURITY_DISABLED, errorMessage: 'there is no authorizer' }
