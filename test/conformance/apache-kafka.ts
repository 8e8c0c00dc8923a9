/**
 * A real Apache Kafka for the length of a test file: one combined KRaft node on free ports, in a directory of its own.
 *
 * It needs Java and a directory that holds `libs/`, named by MILLRACE_PEERS_KAFKA or KAFKA_HOME; `kafkaHome` is null without.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient } from '@millrace/client'

export interface ApacheKafka extends AsyncDisposable {
  /** `host:port` */
  readonly address: string
}

export const kafkaHome: string | null = findHome()

/** Starts quickly rather than running fast: nothing is measured here. */
const JAVA_FLAGS = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw'
const START_DEADLINE_MS = 90_000
const POLL_MS = 100

/** Resolves when it serves clients. `extra` is added to its `server.properties`. */
export async function startApacheKafka(extra: Readonly<Record<string, string>> = {}): Promise<ApacheKafka> {
  if (kafkaHome === null) throw new Error('set MILLRACE_PEERS_KAFKA to an unpacked Apache Kafka (the directory that holds libs/)')
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
  const [port, controllerPort] = [await freePort(), await freePort()]
  const properties = join(directory, 'server.properties')
  await writeFile(properties, serverProperties(directory, port, controllerPort, extra))
  await writeFile(join(directory, 'log4j2.yaml'), LOGGING)
  const classpath = ['-cp', join(kafkaHome, 'libs', '*')]
  await promisify(execFile)('java', [...classpath, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties])
  const logging = `-Dlog4j2.configurationFile=${join(directory, 'log4j2.yaml')}`
  const child = spawn('java', [...JAVA_FLAGS, logging, ...classpath, 'kafka.Kafka', properties], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = `${output}${chunk.toString()}`.slice(-2_000)))
  const ended = once(child, 'exit')
  // A test that is given up, perhaps because this takes too long, must not leave it behind.
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const address = `127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    kill()
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await awaitBroker(address, () => child.exitCode === null)
  } catch (error) {
    await stop()
    throw new Error(`Apache Kafka did not start; it said at last:\n${output}`, { cause: error })
  }
  return { address, [Symbol.asyncDispose]: stop }
}

function findHome(): string | null {
  const home = process.env['MILLRACE_PEERS_KAFKA'] ?? process.env['KAFKA_HOME']
  return home !== undefined && existsSync(join(home, 'libs')) ? home : null
}

async function awaitBroker(address: string, isRunning: () => boolean): Promise<void> {
  await using client = createClient({ brokers: address })
  const deadlineMs = performance.now() + START_DEADLINE_MS
  for (;;) {
    try {
      const { brokers } = await client.admin().describeCluster()
      if (brokers.length > 0) return
    } catch (error) {
      if (!isRunning() || performance.now() > deadlineMs) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

function serverProperties(directory: string, port: number, controllerPort: number, extra: Readonly<Record<string, string>>): string {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(directory, 'logs'),
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...extra,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

const LOGGING = `Configuration:
  Appenders:
    Console: { name: console, target: SYSTEM_OUT, PatternLayout: { pattern: "%d %p %m (%c)%n" } }
  Loggers:
    Root: { level: warn, AppenderRef: { ref: console } }
`
