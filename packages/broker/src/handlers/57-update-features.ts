/**
 * UpdateFeatures (API key 57), versions 0-2.
 *
 * Carries to the controller which levels features shall have. All updates of a request take effect, or none.
 *
 * Version notes: 0 only says whether a downgrade is allowed; 1 which kind of one, and whether only to validate; 2 no results per
 * feature, since they share one outcome.
 */
import type { FeatureUpdate, UpdateFeaturesOutcome } from '@millrace/metadata'
import { ERROR_CODES, updateFeaturesApi } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askControllerOnce } from './ask-controller.ts'
import { defineHandler } from './handler.ts'
import type { Handler } from './handler.ts'

/** By their number. 0 is none. */
const UPGRADE_TYPES: readonly (FeatureUpdate['upgradeType'] | null)[] = [null, 'upgrade', 'safe-downgrade', 'unsafe-downgrade']

export function updateFeaturesHandler(services: BrokerServices): Handler {
  return defineHandler(updateFeaturesApi, async (request, { apiVersion }) => {
    const updates: FeatureUpdate[] = []
    for (const { feature, maxVersionLevel, allowDowngrade, upgradeType } of request.featureUpdates) {
      const type = apiVersion > 0 ? UPGRADE_TYPES[upgradeType] : allowDowngrade ? ('safe-downgrade' as const) : ('upgrade' as const)
      if (type === undefined || type === null) {
        const errorMessage = `there is no upgrade type ${upgradeType}`
        return { throttleTimeMs: 0, errorCode: ERROR_CODES.INVALID_REQUEST, errorMessage, results: [] }
      }
      updates.push({ name: feature, maxLevel: maxVersionLevel, upgradeType: type })
    }
    const { validateOnly } = request
    const outcome = await askControllerOnce<UpdateFeaturesOutcome>(
      services,
      () => services.controller.updateFeatures({ updates, validateOnly }),
      (failed) => ({ ...failed, results: [] }),
    )
    return {
      throttleTimeMs: 0,
      errorCode: outcome.errorCode,
      errorMessage: outcome.errorMessage,
      results: outcome.results.map(({ name, errorCode, errorMessage }) => ({ feature: name, errorCode, errorMessage })),
    }
  })
}
