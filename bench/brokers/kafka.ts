/**
 * Apache Kafka as one combined KRaft node, with the JVM flags of its own start script and its default settings.
 *
 * Set KAFKA_HOME to an unpacked distribution of 4.3.1. It logs warnings only, which spares it work.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type Launcher, type RunningBroker, spawnBroker } from './launcher.ts'

const run = promisify(execFile)

/** As kafka-run-class.sh and kafka-server-start.sh set them. */
const JVM_FLAGS = [
  '-Xms1G',
  '-Xmx1G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
]

const CLUSTER_ID = 'bWlsbHJhY2UtYmVuY2gtMQ'

const TOPIC_CONFIGS = { replicated: {}, fsync: { 'flush.messages': '1' } }

export const kafka: Launcher = {
  name: 'Kafka',
  topicConfigs: TOPIC_CONFIGS,
  async prepare(dataDir, port, { deletesSoon = false } = {}) {
    await prepareNode(dataDir, `${serverProperties(dataDir, port)}${deletesSoon ? DELETES_SOON : ''}`)
  },
  start: startNode,
  cluster: {
    name: 'Kafka',
    topicConfigs: TOPIC_CONFIGS,
    async prepare(directory, basePort, nodes, { deletesSoon = false } = {}) {
      const ids = Array.from({ length: nodes }, (_, index) => index + 1)
      const extra = deletesSoon ? DELETES_SOON : ''
      const propertiesOf = (nodeId: number): string => `${clusterProperties(directory, basePort, nodeId, nodes)}${extra}`
      await Promise.all(ids.map((nodeId) => prepareNode(nodeDirectory(directory, nodeId), propertiesOf(nodeId))))
    },
    start: (directory, basePort, nodeId) => startNode(nodeDirectory(directory, nodeId), basePort + nodeId - 1),
  },
}

async function prepareNode(dataDir: string, properties: string): Promise<void> {
  const home = kafkaHome()
  await mkdir(dataDir, { recursive: true })
  await writeFile(`${dataDir}/server.properties`, properties)
  await writeFile(`${dataDir}/log4j2.yaml`, LOGGING)
  const args = ['-cp', `${home}/libs/*`, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', `${dataDir}/server.properties`]
  await run('java', args)
}

function startNode(dataDir: string, port: number): RunningBroker {
  const args = [
    ...JVM_FLAGS,
    `-Dlog4j2.configurationFile=${dataDir}/log4j2.yaml`,
    '-cp',
    `${kafkaHome()}/libs/*`,
    'kafka.Kafka',
    `${dataDir}/server.properties`,
  ]
  return spawnBroker('Kafka', port, { file: 'java', args, outputPath: `${dataDir}.out` })
}

function nodeDirectory(directory: string, nodeId: number): string {
  return `${directory}/node-${nodeId}`
}

function kafkaHome(): string {
  const home = process.env['KAFKA_HOME']
  if (home === undefined || !existsSync(`${home}/libs`)) {
    throw new Error('set KAFKA_HOME to an unpacked Apache Kafka 4.3.1 (the directory that holds libs/)')
  }
  return home
}

/** One node needs internal topics with one replica; everything else is Kafka's default. */
function serverProperties(dataDir: string, port: number): string {
  const controllerPort = port + 1
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${dataDir}/logs
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
`
}

/** Combined nodes, and what every careful operator sets for three of them; everything else is Kafka's default. */
function clusterProperties(directory: string, basePort: number, nodeId: number, nodes: number): string {
  const controllerPort = (id: number): number => basePort + CONTROLLER_PORT_OFFSET + id - 1
  const port = basePort + nodeId - 1
  const voters = Array.from({ length: nodes }, (_, index) => `${index + 1}@127.0.0.1:${controllerPort(index + 1)}`)
  return `process.roles=broker,controller
node.id=${nodeId}
controller.quorum.voters=${voters.join(',')}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort(nodeId)}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${nodeDirectory(directory, nodeId)}/logs
default.replication.factor=${nodes}
min.insync.replicas=2
`
}

const CONTROLLER_PORT_OFFSET = 100

/**
 * Seconds instead of a minute and a half. Only where a scenario writes so much that it would otherwise measure the kernel's hunt
 * for memory: these make Kafka's housekeeping begin sooner too, which must not burden a start that is being timed.
 */
const DELETES_SOON = `log.segment.delete.delay.ms=1000
log.initial.task.delay.ms=1000
`

const LOGGING = `Configuration:
  Appenders:
    Console: { name: console, target: SYSTEM_OUT, PatternLayout: { pattern: "%d %p %m (%c)%n" } }
  Loggers:
    Root: { level: warn, AppenderRef: { ref: console } }
`
