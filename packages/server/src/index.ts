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
export { type RunningBroker, startBroker, startConfiguredBroker, type StartOptions } from './start-broker.ts'
export { formatNode, type InitialController, newId, type NodeFormat, parseInitialControllers } from './format-node.ts'
