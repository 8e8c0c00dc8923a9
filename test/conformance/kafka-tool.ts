/** Apache Kafka's own command line tools, each a process of its own. They need Java and Apache Kafka (see `apache-kafka.ts`). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { kafkaHome } from './apache-kafka.ts'

export interface ToolResult {
  readonly exitCode: number | null
  /** Standard output and errors, without what the tools say about their own logging. */
  readonly lines: readonly string[]
}

/** Starts quickly rather than running fast. */
export const JAVA_FLAGS = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']
const ABOUT_LOGGING = /SLF4J|StatusLogger|log4j/

export async function kafkaTool(name: string, args: readonly string[], stdin = ''): Promise<ToolResult> {
  const classpath = join(kafkaHome ?? '', 'libs', '*')
  const child = spawn('java', [...JAVA_FLAGS, '-cp', classpath, name, ...args])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, lines: toolLines(output) }
}

export function toolLines(output: string): readonly string[] {
  return output.split('\n').filter((line) => line !== '' && !ABOUT_LOGGING.test(line))
}
