/** Which broker configs cannot be greater than which others: bounds and what lies between them, sessions and their heartbeats. */
import { type BrokerConfigName, brokerConfigDefinition } from './broker-configs.ts'
import type { ConfigProblem } from './config-problem.ts'

interface Order {
  readonly lesser: BrokerConfigName
  readonly greater: BrokerConfigName
  /** They cannot be equal either. */
  readonly isStrict?: true
}

const ORDERS: readonly Order[] = [
  { lesser: 'log.cleaner.min.compaction.lag.ms', greater: 'log.cleaner.max.compaction.lag.ms' },
  { lesser: 'group.min.session.timeout.ms', greater: 'group.max.session.timeout.ms' },
  ...within(
    'group.consumer.min.assignment.interval.ms',
    'group.consumer.assignment.interval.ms',
    'group.consumer.max.assignment.interval.ms',
  ),
  ...within('group.consumer.min.heartbeat.interval.ms', 'group.consumer.heartbeat.interval.ms', 'group.consumer.max.heartbeat.interval.ms'),
  ...within('group.consumer.min.session.timeout.ms', 'group.consumer.session.timeout.ms', 'group.consumer.max.session.timeout.ms'),
  { lesser: 'group.consumer.heartbeat.interval.ms', greater: 'group.consumer.session.timeout.ms', isStrict: true },
]

/** `given` has what is set; for all else the defaults hold. */
export function orderProblems(given: (name: BrokerConfigName) => string | undefined): ConfigProblem[] {
  const read = (name: BrokerConfigName): number => {
    const { kind, defaultValue } = brokerConfigDefinition(name)
    const value = kind.parse(given(name) ?? defaultValue ?? '')
    return typeof value === 'number' ? value : Number.NaN
  }
  return ORDERS.flatMap(({ lesser, greater, isStrict }) => {
    const problem = orderProblem({ name: lesser, value: read(lesser) }, { name: greater, value: read(greater) }, isStrict)
    return problem ?? []
  })
}

interface Named {
  readonly name: string
  readonly value: number
}

/** Null when they are in order. */
export function orderProblem(lesser: Named, greater: Named, isStrict = false): ConfigProblem | null {
  const isWrong = isStrict ? lesser.value >= greater.value : lesser.value > greater.value
  if (!isWrong) return null
  const relation = isStrict ? 'has to be less than' : 'cannot be greater than'
  return { name: lesser.name, message: `${lesser.name} (${lesser.value}) ${relation} ${greater.name} (${greater.value})` }
}

function within(min: BrokerConfigName, value: BrokerConfigName, max: BrokerConfigName): readonly Order[] {
  return [
    { lesser: min, greater: max },
    { lesser: min, greater: value },
    { lesser: value, greater: max },
  ]
}
