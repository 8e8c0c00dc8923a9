/** `npm run exactly-once -- --seconds 600`: ends with 1 when anything was not exactly once, and keeps the data then. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runExactlyOnce } from './run-exactly-once.ts'
import { isExact } from './verdict.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    nodes: { type: 'string', default: '3' },
    'base-port': { type: 'string', default: '19600' },
    seed: { type: 'string', default: String(process.pid) },
    data: { type: 'string' },
  },
})

const dataDir = values.data ?? mkdtempSync(join(tmpdir(), 'millrace-exactly-once-'))
const seed = Number(values.seed)
console.log(`seed ${seed}, ${values.seconds} s with ${values.nodes} nodes, data in ${dataDir}`)
const result = await runExactlyOnce({
  dataDir,
  seconds: Number(values.seconds),
  nodes: Number(values.nodes),
  basePort: Number(values['base-port']),
  seed,
  onProgress: ({ nodesKilled, clientsKilled, zombies, copied, transfers }) =>
    console.log(`${nodesKilled} nodes and ${clientsKilled} clients killed, ${zombies} zombies; ${copied} copies, ${transfers} transfers`),
})
const { copies, transferred, clientFailures } = result
console.log(
  `${copies.originals} originals, ${copies.copies} copies: ${copies.missing} missing, ${copies.doubled} doubled, ` +
    `${copies.reordered} partitions reordered`,
)
console.log(
  `${transferred.transfers} transfers, sum ${transferred.sum}: ${transferred.torn} torn, ${transferred.lost} lost, ` +
    `${transferred.undead} undead; ${clientFailures} clients ended by themselves`,
)
if (!isExact(copies, transferred)) {
  console.log(`the data is kept in ${dataDir}`)
  process.exitCode = 1
} else if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true })
