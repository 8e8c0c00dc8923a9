/**
 * UnregisterBroker (API key 64), version 0.
 *
 * Carries to the controller that a broker is gone for good. Its replicas have to be moved to others before or after.
 */
import type { Outcome } from '@millrace/metadata'
import { unregisterBrokerApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askControllerOnce } from './ask-controller.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

export function unregisterBrokerHandler(services: BrokerServices): Handler {
  return defineHandler(unregisterBrokerApi, async ({ brokerId }) => {
    const ask = (): Promise<Outcome> => services.controller.unregisterBroker({ brokerId })
    const { errorCode, errorMessage } = await askControllerOnce(services, ask, (failed) => failed)
    return { throttleTimeMs: 0, errorCode, errorMessage }
  })
}
