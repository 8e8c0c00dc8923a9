/** What is known of one broker config, and where it can be changed. */
import type { ConfigKind } from './config-kind.ts'

export interface BrokerConfigDefinition<Value> {
  readonly kind: ConfigKind<Value>
  /** Null: there is none, and the value is null unless it is set. */
  readonly defaultValue: string | null
  readonly alterable: Alterable
  readonly documentation: string
}

export type Alterable = 'never' | 'while-running'

export interface Defaulted<Value, Default extends string | null> extends BrokerConfigDefinition<Value> {
  readonly defaultValue: Default
}

/** One that is set in the configuration file alone. */
export function fixed<Value, const Default extends string | null>(
  kind: ConfigKind<Value>,
  defaultValue: Default,
  documentation: string,
): Defaulted<Value, Default> {
  return { kind, defaultValue, alterable: 'never', documentation }
}

/** One that can be changed while brokers run, for one broker and for all. */
export function alterable<Value, const Default extends string | null>(
  kind: ConfigKind<Value>,
  defaultValue: Default,
  documentation: string,
): Defaulted<Value, Default> {
  return { kind, defaultValue, alterable: 'while-running', documentation }
}
