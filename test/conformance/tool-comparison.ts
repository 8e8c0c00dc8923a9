/**
 * One command of Apache Kafka's tools against a broker, and what it prints without what must differ between two brokers: addresses,
 * times, ids, and settings that only one of them has.
 */
import type { ToolResult } from './kafka-tool.ts'
import type { ToolHost } from './tool-host.ts'

export interface ToolStep {
  readonly tool: string
  /** `$directory` stands for the directory of the test. */
  readonly args: string
  readonly stdin?: string
  /** Only the exit code and the kind of error are compared: what people read is each broker's own. */
  readonly isRefused?: true
}

/** Commands whose action comes first take the broker's address behind it. */
const ACTION_FIRST = /(ClusterTool|TransactionsCommand)$/

export async function runToolStep(host: ToolHost, step: ToolStep, address: string, directory: string): Promise<ToolResult> {
  const [action = '', ...rest] = step.args.replaceAll('$directory', directory).split(' ')
  const server = ['--bootstrap-server', address]
  const args = ACTION_FIRST.test(step.tool)
    ? [...(step.tool.endsWith('ClusterTool') ? [action, ...server] : [...server, action]), ...rest]
    : [...server, action, ...rest]
  const { exitCode, lines } = await host.run(step.tool, args, step.stdin)
  return { exitCode, lines: step.isRefused === true ? errorsIn(lines) : lines.flatMap((line) => withoutDifferences(line, address)) }
}

/** The errors of the protocol by name, or else what the tool itself says. */
function errorsIn(lines: readonly string[]): readonly string[] {
  const named = lines.flatMap((line) => line.match(/org\.apache\.kafka\.common\.errors\.\w+/) ?? [])
  return named.length > 0 ? [...new Set(named)] : lines.map(withoutTime).filter((line) => !line.startsWith('\t'))
}

/** What has to differ between two brokers, and the settings that only one of them has, is taken out. */
function withoutDifferences(line: string, address: string): readonly string[] {
  // On the way, every five seconds; only the last line, with its percentiles, is sure to come.
  if (line.includes('records sent, ') && !line.includes('50th')) return []
  const text = withoutTime(line)
    .replaceAll(address, 'BROKER')
    .replaceAll(` ${address.slice(address.indexOf(':') + 1)} `, ' PORT ')
    .replace(/TopicId: \S+/, 'TopicId: ID')
    .replace(/("timestamp":|"avg_throughput":|LastTimestamp|CreateTime:?\s?)[\d.]+/g, '$1')
    .replace(/"logDir":"[^"]*"/, '"logDir":"DIRECTORY"')
    .replace(/, DEFAULT_CONFIG:\w+\.retention\.hours=\d+/, '')
    .replace(/min\.insync\.replicas=1,?/, '')
    .replace(/records sent, .*/, 'records sent')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'UUID')
    // When a transaction began, and how long ago that is.
    .replace(/\b\d{13}\s+\d+\s+/, 'TIME ')
  return [text]
}

function withoutTime(line: string): string {
  return line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, '')
}
