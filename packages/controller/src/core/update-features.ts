/**
 * Raises and lowers the levels of features. All updates of a request take effect, or none: each may have been meant to go with
 * the others. A new cluster begins with the highest levels that this build and every registered broker have.
 */
import {
  type FeatureDefinition,
  type FeatureOutcome,
  FEATURES,
  type FeatureUpdate,
  type MetadataRecord,
  type Outcome,
  type UpdateFeaturesCommand,
  type UpdateFeaturesOutcome,
} from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import { type Command, type CommandContext, type CommandResult, failure, isFailure, repeated, SUCCESS } from './command.ts'

export const updateFeatures: Command<UpdateFeaturesCommand, UpdateFeaturesOutcome> = updateFeaturesOf(FEATURES)

export function updateFeaturesOf(features: readonly FeatureDefinition[]): Command<UpdateFeaturesCommand, UpdateFeaturesOutcome> {
  return (request, context) => {
    const twice = repeated(request.updates.map(({ name }) => name))
    const results = request.updates.map((update): FeatureOutcome => {
      const problem = twice.has(update.name)
        ? failure(ERROR_CODES.INVALID_REQUEST, 'the request names this feature more than once')
        : updateProblem(update, features, context)
      return { name: update.name, ...(problem ?? SUCCESS) }
    })
    const refused = results.find(isFailure)
    if (refused !== undefined) {
      const { errorCode, errorMessage } = refused
      return { batches: [], response: { errorCode, errorMessage, results } }
    }
    const records = request.updates
      .filter(({ name, maxLevel }) => (context.image.features.get(name) ?? 0) !== maxLevel)
      .map(({ name, maxLevel }): MetadataRecord => ({ type: 'feature-level', name, level: maxLevel }))
    const isForReal = records.length > 0 && !request.validateOnly
    return { batches: isForReal ? [records] : [], response: { ...SUCCESS, results } }
  }
}

function updateProblem(update: FeatureUpdate, features: readonly FeatureDefinition[], context: CommandContext): Outcome | null {
  const { name, maxLevel, upgradeType } = update
  const refuse = (problem: string): Outcome => failure(ERROR_CODES.INVALID_UPDATE_VERSION, problem)
  const feature = features.find((each) => each.name === name)
  if (feature === undefined) {
    return refuse(`there is no feature ${name}; there are ${features.map((each) => each.name).join(', ')}`)
  }
  if (maxLevel < feature.minLevel || maxLevel > feature.maxLevel) {
    return refuse(`${name} cannot have level ${maxLevel}; the controller supports ${feature.minLevel} to ${feature.maxLevel}`)
  }
  for (const broker of context.image.brokers.values()) {
    const range = broker.features.find((each) => each.name === name)
    if (range !== undefined && range.minLevel <= maxLevel && maxLevel <= range.maxLevel) continue
    return refuse(`broker ${broker.id} does not support level ${maxLevel} of ${name}`)
  }
  const current = context.image.features.get(name) ?? 0
  if (maxLevel > current && upgradeType !== 'upgrade') return refuse(`${name} has level ${current}; going to ${maxLevel} is an upgrade`)
  if (maxLevel < current && upgradeType === 'upgrade') {
    return refuse(`${name} has level ${current}; going back to ${maxLevel} has to be asked for as a downgrade`)
  }
  if (maxLevel < current && upgradeType === 'safe-downgrade' && maxLevel < feature.losslessDownTo) {
    return refuse(`going back to level ${maxLevel} of ${name} loses metadata; only an unsafe downgrade does that`)
  }
  return null
}

/** The levels with which a cluster begins. Does nothing where any are set, or where a broker is registered that lacks one. */
export function beginWithFeatures(_request: null, context: CommandContext): CommandResult<null> {
  const { image } = context
  if (image.features.size > 0) return { batches: [], response: null }
  const isSupported = ({ name, maxLevel }: FeatureDefinition): boolean =>
    [...image.brokers.values()].every(({ features }) => features.some((each) => each.name === name && each.maxLevel >= maxLevel))
  const records = FEATURES.filter(isSupported).map(({ name, maxLevel }) => ({ type: 'feature-level' as const, name, level: maxLevel }))
  return { batches: records.length === 0 ? [] : [records], response: null }
}
