/** Brokers in a process of yours, and what configures them. */
export { CONFIGURATION_ERROR_CODE, ConfigurationError, type ConfigurationProblem } from './configuration/configuration-error.ts'
export type { ControllerVoter, NodeRole } from './configuration/cluster-settings.ts'
export { type ConfigurationSources, configurationFor, loadConfiguration } from './configuration/load-configuration.ts'
export {
  type BrokerOptions,
  type Configuration,
  flagName,
  type Setting,
  SETTING_NAMES,
  type SettingName,
  SETTINGS,
} from './configuration/settings.ts'
export { type RunningBroker, startBroker, startConfiguredBroker } from './start-broker.ts'
export { type ClusterNode, type ClusterOptions, type RunningCluster, startCluster } from './start-cluster.ts'
export type { ControlCarrier } from './control-plane.ts'
export {
  addressText,
  type ComposedNode,
  type ComposeOptions,
  composeNode,
  type NodeAddress,
  type RunningNode,
  startNode,
  type StartOptions,
} from './start-node.ts'
export { formatNode, type InitialController, newId, type NodeFormat, parseInitialControllers } from './format-node.ts'
