/** Millrace from its sources, as `npm start` runs it, with its defaults. */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { millraceCluster } from './millrace-cluster.ts'
import { type Launcher, spawnBroker } from './launcher.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))

export const millrace: Launcher = {
  name: 'Millrace',
  cluster: millraceCluster,
  topicConfigs: { replicated: { durability: 'replicated' }, fsync: { durability: 'fsync' } },
  async prepare(dataDir) {
    await mkdir(dataDir, { recursive: true })
  },
  start(dataDir, port) {
    return spawnBroker('Millrace', port, {
      file: process.execPath,
      args: ['--conditions=@millrace/source', 'packages/cli/bin/from-source.js', 'start', '--port', String(port), '--data-dir', dataDir],
      cwd: REPOSITORY,
      outputPath: `${dataDir}.out`,
    })
  },
}
