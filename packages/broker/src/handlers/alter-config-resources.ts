/**
 * What AlterConfigs and IncrementalAlterConfigs have in common: resources that this broker has configs for go to the controller,
 * the others are refused, and each is answered in its place.
 */
import type { ConfigResourceOutcome, ConfigResourceType, Outcome } from '@millrace/metadata'
import type { ErrorCode } from '@millrace/protocol'
import type { BrokerServices } from '../broker-services.ts'
import { askController } from './ask-controller.ts'
import { configurableType, notConfigurable } from './config-resources.ts'

export interface RequestedResource {
  readonly resourceType: number
  readonly resourceName: string
}

export interface AlterableResource<Configs> {
  readonly type: ConfigResourceType
  readonly name: string
  readonly configs: Configs
}

export interface ResourceResponse {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
  readonly resourceType: number
  readonly resourceName: string
}

/** `configsOf` reads a resource's configs, or says what is wrong with them. */
export async function alterConfigResources<Resource extends RequestedResource, Configs extends readonly unknown[]>(
  services: BrokerServices,
  resources: readonly Resource[],
  configsOf: (resource: Resource) => Configs | Outcome,
  alter: (resources: readonly AlterableResource<Configs>[]) => Promise<readonly ConfigResourceOutcome[]>,
): Promise<ResourceResponse[]> {
  const refusals = new Map<Resource, Outcome>()
  const alterable: AlterableResource<Configs>[] = []
  for (const resource of resources) {
    const type = configurableType(resource.resourceType)
    const configs = type === null ? notConfigurable(resource.resourceType) : configsOf(resource)
    if (type === null || 'errorCode' in configs) refusals.set(resource, configs as Outcome)
    else alterable.push({ type, name: resource.resourceName, configs })
  }
  const outcomes = await askController(
    services,
    alterable,
    () => alter(alterable),
    ({ type, name }, outcome): ConfigResourceOutcome => ({ type, name, ...outcome }),
  )
  // The controller answers in the order in which it is asked.
  let next = 0
  return resources.map((resource) => {
    const outcome = refusals.get(resource) ?? (outcomes[next++] as ConfigResourceOutcome)
    const { resourceType, resourceName } = resource
    return { errorCode: outcome.errorCode, errorMessage: outcome.errorMessage, resourceType, resourceName }
  })
}
