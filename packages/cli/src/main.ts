#!/usr/bin/env node
/**
 * The `millrace` command. Compiled code is kept between runs, which spares most of the time that a start takes; so nothing
 * is imported here before that is switched on.
 */
import * as nodeModule from 'node:module'

const NODE_MAJOR_MIN = 24
const CACHE_FLUSH_DELAY_MS = 3_000
const major = Number(process.versions.node.split('.')[0])
if (major < NODE_MAJOR_MIN) {
  process.stderr.write(`error: millrace needs Node ${NODE_MAJOR_MIN} or later, and this is Node ${process.versions.node}\n`)
  process.exit(1)
}
nodeModule.enableCompileCache()
// Otherwise it is only kept by a process that ends in good order, and a broker may never do that.
setTimeout(() => nodeModule.flushCompileCache(), CACHE_FLUSH_DELAY_MS).unref()

const { findOwnModulesAtOnce } = await import('./process/own-modules.ts')
findOwnModulesAtOnce()

const { run } = await import('./run.ts')
const { createProcessIo } = await import('./process/process-io.ts')
const io = createProcessIo()
const exitCode = await run(process.argv.slice(2), io)
// A terminal or pipe may still hold the last lines, and standard input may be left half read: first let go, then end.
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writableLength > 0) await new Promise((resolve) => stream.write('', resolve))
}
process.exit(exitCode)
