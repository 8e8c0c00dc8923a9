/** Names the machine and the versions behind a figure: a figure without them says nothing. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

export type Machine = {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  readonly kafka: string
  readonly commit: string
  readonly date: string
}

export function describeMachine(): Machine {
  const cores = cpus()
  return {
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    kafka: kafkaVersion(),
    commit: output('git', ['rev-parse', '--short', 'HEAD']),
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  }
}

function kafkaVersion(): string {
  try {
    const names = readdirSync(`${process.env['KAFKA_HOME'] ?? ''}/libs`)
    return names.map((name) => /^kafka-server-(\d[\d.]*)\.jar$/.exec(name)?.[1]).find((version) => version !== undefined) ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

function output(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
