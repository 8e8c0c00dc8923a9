/** `npm run fuzz -- --frames 1000000 --seed 7` */
import { parseArgs } from 'node:util'
import { runFuzz } from './run-fuzz.ts'

const { values } = parseArgs({ options: { frames: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } } })
const frames = Number(values.frames)
const seed = Number(values.seed)
if (!Number.isSafeInteger(frames) || !Number.isSafeInteger(seed)) throw new Error('--frames and --seed are whole numbers')
const started = performance.now()
const result = await runFuzz({ frames, seed, onProgress: (sent) => process.stderr.write(`\r${sent} of ${frames} frames`) })
process.stderr.write('\n')
const seconds = ((performance.now() - started) / 1000).toFixed(0)
process.stdout.write(
  `seed ${seed}: ${result.frames} frames in ${seconds} s, ${result.answered} bursts answered, ${result.closed} connections closed, ` +
    `peak heap ${Math.round(result.peakHeapBytes / 1024 / 1024)} MiB, ${result.problems.length} problems\n`,
)
for (const problem of result.problems.slice(0, 20)) process.stdout.write(`${problem}\n`)
process.exit(result.problems.length === 0 ? 0 : 1)
