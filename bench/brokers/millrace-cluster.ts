/** Millrace's nodes from its sources, each broker and controller, with their defaults and what `cluster up` sets for several. */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type ClusterLauncher, spawnBroker } from './launcher.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const COMMAND = ['--conditions=@millrace/source', 'packages/cli/bin/from-source.js']
const CLUSTER_ID = 'bWlsbHJhY2UtYmVuY2gtMQ'
const CONTROLLER_PORT_OFFSET = 100
const DIRECTORY_IDS = 'ABCDEFGHI'

const run = promisify(execFile)
/** How many nodes a directory was prepared for: each must know where all controllers are. */
const prepared = new Map<string, number>()

export const millraceCluster: ClusterLauncher = {
  name: 'Millrace',
  topicConfigs: { replicated: { durability: 'replicated' }, fsync: { durability: 'fsync' } },
  async prepare(directory, basePort, nodes) {
    await mkdir(directory, { recursive: true })
    prepared.set(directory, nodes)
    const initial = votersOf(basePort, nodes).map((voter, index) => `${voter}:${directoryId(index)}`)
    for (let nodeId = 1; nodeId <= nodes; nodeId++) {
      const where = ['--data-dir', nodeDirectory(directory, nodeId), '--cluster-id', CLUSTER_ID, '--node-id', String(nodeId)]
      await run(process.execPath, [...COMMAND, 'format', ...where, '--initial-controllers', initial.join(',')], { cwd: REPOSITORY })
    }
  },
  start(directory, basePort, nodeId) {
    const nodes = prepared.get(directory) ?? 1
    const port = basePort + nodeId - 1
    const where = ['--node-id', String(nodeId), '--port', String(port), '--data-dir', nodeDirectory(directory, nodeId)]
    const voters = ['--controller-quorum-voters', votersOf(basePort, nodes).join(',')]
    const replication = ['--set', `default.replication.factor=${nodes}`, '--set', 'min.insync.replicas=2']
    const args = [...COMMAND, 'start', ...where, ...voters, ...replication]
    const outputPath = `${nodeDirectory(directory, nodeId)}.out`
    return spawnBroker('Millrace', port, { file: process.execPath, args, cwd: REPOSITORY, outputPath })
  },
}

function votersOf(basePort: number, nodes: number): readonly string[] {
  return Array.from({ length: nodes }, (_, index) => `${index + 1}@127.0.0.1:${basePort + CONTROLLER_PORT_OFFSET + index}`)
}

function directoryId(index: number): string {
  return `${(DIRECTORY_IDS[index] ?? 'Z').repeat(21)}A`
}

function nodeDirectory(directory: string, nodeId: number): string {
  return `${directory}/node-${nodeId}`
}
