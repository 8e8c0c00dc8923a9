/**
 * Makes one complete `Configuration` out of flags, the configuration file and the defaults, in this order of precedence.
 * All that is wrong is reported at once; nothing is guessed and nothing unknown is ignored.
 */
import { checkBrokerFile, type ConfigProblem, suggest } from '@millrace/metadata'
import { checkClusterSettings } from './cluster-settings.ts'
import { ConfigurationError, type ConfigurationProblem } from './configuration-error.ts'
import { type FileValue, parseConfigurationFile } from './configuration-file.ts'
import { type BrokerOptions, type Configuration, flagName, type Setting, SETTING_NAMES, type SettingName, SETTINGS } from './settings.ts'
import type { ConfigMap } from './setting-type.ts'

/** Settings that are broker configs too, by the name that they have there. */
const AS_CONFIGS = { durability: 'log.durability', rack: 'broker.rack' } as const

export interface ConfigurationSources {
  /** The text of each flag that was given; `config` holds every `--set`. */
  readonly flags?: { readonly [Name in Exclude<SettingName, 'config'>]?: string } & { readonly config?: readonly string[] }
  /** Path of the configuration file. */
  readonly file?: string
  /** Content of a file as text; throws when it cannot be read. */
  readonly readFile?: (path: string) => string
}

export async function loadConfiguration(sources: ConfigurationSources): Promise<{ readonly configuration: Configuration }> {
  const assembly = new Assembly()
  if (sources.file !== undefined) assembly.takeFile(await readConfigurationFile(sources.file, sources.readFile))
  assembly.takeFlags(sources.flags ?? {})
  return { configuration: assembly.finish() }
}

/** The same checks for the options of the embedding API. */
export function configurationFor(options: BrokerOptions): Configuration {
  const assembly = new Assembly()
  assembly.takeOptions(options)
  return assembly.finish()
}

async function readConfigurationFile(
  path: string,
  readFile: ((path: string) => string) | undefined,
): Promise<ReadonlyMap<string, FileValue>> {
  let content: string
  try {
    if (readFile === undefined) throw new TypeError('a configuration file was named, but there is no way to read files')
    content = readFile(path)
  } catch (error) {
    const problem = {
      place: path,
      message: `the configuration file cannot be read: ${reason(error)}`,
      hint: 'check the path given to --config',
    }
    throw new ConfigurationError([problem], { cause: error })
  }
  return parseConfigurationFile(path, content)
}

/** Collects values from the weakest source to the strongest, and problems from all of them. */
class Assembly {
  readonly #values = new Map<SettingName, unknown>()
  readonly #problems: ConfigurationProblem[] = []
  readonly #places = new Map<SettingName, string>()
  readonly #configPlaces = new Map<string, string>()
  #config: ConfigMap = {}

  takeFile(values: ReadonlyMap<string, FileValue>): void {
    for (const [name, { value, place, keyPlaces }] of values) {
      if (!isSettingName(name)) this.#problems.push(unknownSetting(name, place))
      // A key without a value, as in "advertisedHost:", asks for the default.
      else if (value !== null) this.#take(name, value, place, keyPlaces)
    }
  }

  takeOptions(options: BrokerOptions): void {
    for (const [name, value] of Object.entries(options)) {
      if (!isSettingName(name)) this.#problems.push(unknownSetting(name, `options.${name}`))
      else if (value !== undefined && value !== null) this.#take(name, value, `options.${name}`, new Map())
    }
  }

  takeFlags(flags: NonNullable<ConfigurationSources['flags']>): void {
    for (const name of SETTING_NAMES) {
      const flag = flagName(name)
      const given = flags[name]
      if (given === undefined) continue
      if (typeof given === 'string') this.#set(name, settingOf(name).type.fromText(given), given, flag)
      else for (const line of given) this.#addConfig(SETTINGS.config.type.fromText(line), line, flag)
    }
  }

  finish(): Configuration {
    const problems: ConfigurationProblem[] = checkBrokerFile(new Map(Object.entries(this.#config))).map((problem) =>
      this.#withPlace(problem),
    )
    const twins = Object.entries(AS_CONFIGS) as [keyof typeof AS_CONFIGS, string][]
    for (const [name, configName] of twins) this.#settleTwins(name, configName)
    const settings = Object.fromEntries(
      SETTING_NAMES.map((name) => [name, this.#values.get(name) ?? SETTINGS[name].default]),
    ) as unknown as Configuration
    // What is not right by itself is not held against anything else.
    if (this.#problems.length === 0) problems.push(...checkClusterSettings(settings, (name) => this.#places.get(name) ?? name))
    if (this.#problems.length + problems.length > 0) throw new ConfigurationError([...this.#problems, ...problems])
    // What nobody gave stays out, so that tools do not show it as somebody's choice.
    const given = twins.filter(([name]) => this.#values.has(name)).map(([name, configName]) => [configName, settings[name] ?? ''])
    return { ...settings, config: { ...this.#config, ...Object.fromEntries(given) } }
  }

  /** The setting and the broker config of the same meaning end up equal; whoever gives both must have meant one. */
  #settleTwins(name: keyof typeof AS_CONFIGS, configName: string): void {
    const fromConfig = this.#config[configName]
    if (fromConfig === undefined) return
    if (!this.#values.has(name)) this.#values.set(name, fromConfig)
    else if (this.#values.get(name) !== fromConfig) {
      const place = this.#configPlaces.get(configName) ?? 'config'
      const message = `${configName} is ${fromConfig} but ${name} is ${String(this.#values.get(name))}`
      this.#problems.push({ place, message, hint: 'give one of the two' })
    }
  }

  #take(name: SettingName, value: unknown, place: string, keyPlaces: ReadonlyMap<string, string>): void {
    const parsed = settingOf(name).type.fromValue(value)
    if (name !== 'config') {
      this.#set(name, parsed, value, place)
      return
    }
    for (const [key, keyPlace] of keyPlaces) this.#configPlaces.set(key, keyPlace)
    this.#addConfig(parsed as ConfigMap | undefined, value, place)
  }

  #set(name: SettingName, parsed: unknown, given: unknown, place: string): void {
    if (parsed === undefined) this.#problems.push(notAllowed(name, given, place))
    else {
      this.#values.set(name, parsed)
      this.#places.set(name, place)
    }
  }

  #addConfig(parsed: ConfigMap | undefined, given: unknown, place: string): void {
    if (parsed === undefined) {
      this.#problems.push(notAllowed('config', given, place))
      return
    }
    for (const name of Object.keys(parsed)) {
      if (place === flagName('config') || !this.#configPlaces.has(name)) this.#configPlaces.set(name, place)
    }
    this.#config = { ...this.#config, ...parsed }
  }

  #withPlace(problem: ConfigProblem): ConfigurationProblem {
    return { place: this.#configPlaces.get(problem.name) ?? 'config', message: problem.message, hint: null }
  }
}

/** The setting without the relation between its name and its type, which a loop over names cannot keep. */
function settingOf(name: SettingName): Setting<unknown> {
  return SETTINGS[name] as Setting<unknown>
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name)
}

function unknownSetting(name: string, place: string): ConfigurationProblem {
  const hint = name.includes('.') ? `Kafka's broker configs go under "config:"` : didYouMean(suggest(name, SETTING_NAMES))
  return { place, message: `unknown setting "${name}"`, hint: hint ?? `known settings: ${SETTING_NAMES.join(', ')}` }
}

function didYouMean(name: string | null): string | null {
  return name === null ? null : `did you mean "${name}"?`
}

function notAllowed(name: SettingName, given: unknown, place: string): ConfigurationProblem {
  const hint = name === 'config' && typeof given === 'string' ? 'for example --set log.retention.hours=24' : null
  return { place, message: `${name} must be ${SETTINGS[name].type.allowed}, not ${show(given)}`, hint }
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a map'
  if (typeof value === 'symbol') return value.description ?? 'something else'
  return String(value)
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
