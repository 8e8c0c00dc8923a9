/**
 * Sends damaged requests to a broker and watches it: no error of its own, a bystander's connection served all along, each connection
 * that it closes told in the log (the first ones by a line each, floods by their number), memory within bounds.
 */
import { APIS, apiVersionsApi, decodeResponse, encodeRequestFrame, type ApiDefinition } from '@millrace/protocol'
import { startFuzzBroker, type FuzzBroker } from './fuzz-broker.ts'
import type { FuzzConnection } from './fuzz-network.ts'
import { hostileMessage } from './hostile-message.ts'
import { mutate } from './mutate.ts'
import { Seeded } from './seeded.ts'

export interface FuzzOptions {
  readonly seed: number
  readonly frames: number
  /** Called now and then. */
  onProgress?(sent: number): void
}

export interface FuzzResult {
  readonly frames: number
  readonly answered: number
  readonly closed: number
  /** What should not have happened; empty when all is well. */
  readonly problems: readonly string[]
  readonly peakHeapBytes: number
}

/** A new broker after so many frames: what requests may rightly create (topics) must not add up. */
const FRAMES_PER_BROKER = 20_000
const CORPUS_FRAMES = 3_000
const BURST = 8
const FRAMES_PER_CHECK = 500
const HEAP_BYTES_MAX = 700 * 1024 * 1024

export async function runFuzz({ seed, frames, onProgress }: FuzzOptions): Promise<FuzzResult> {
  const random = new Seeded(seed)
  const problems: string[] = []
  const onCrash = (error: unknown): void => void problems.push(`uncaught: ${error instanceof Error ? error.stack : String(error)}`)
  process.on('uncaughtException', onCrash)
  process.on('unhandledRejection', onCrash)
  let sent = 0
  let answered = 0
  let closed = 0
  let peakHeapBytes = 0
  try {
    while (sent < frames && problems.length === 0) {
      const broker = await startFuzzBroker()
      const round = await fuzzBroker(broker, random, Math.min(FRAMES_PER_BROKER, frames - sent), (heapBytes) => {
        peakHeapBytes = Math.max(peakHeapBytes, heapBytes)
      })
      sent += round.sent
      answered += round.answered
      closed += round.closed
      problems.push(...round.problems)
      await broker.close()
      // The last of them is counted when the broker stops.
      const reported = broker.closedReported()
      if (reported !== round.closed) problems.push(`${round.closed} connections were closed, and the log says ${reported}`)
      onProgress?.(sent)
    }
  } finally {
    process.off('uncaughtException', onCrash)
    process.off('unhandledRejection', onCrash)
  }
  if (peakHeapBytes > HEAP_BYTES_MAX) problems.push(`the heap grew to ${peakHeapBytes} bytes`)
  return { frames: sent, answered, closed, problems, peakHeapBytes }
}

async function fuzzBroker(broker: FuzzBroker, random: Seeded, frames: number, onHeap: (bytes: number) => void) {
  const { network, names, errors } = broker
  const apis = await servedApis(broker)
  const corpus = Array.from({ length: CORPUS_FRAMES }, () => frameOf(random, apis, names))
  const problems: string[] = []
  const bystander = network.open(1)
  let port = 2
  let connection: FuzzConnection = network.open(port)
  let sent = 0
  let answered = 0
  let closed = 0
  while (sent < frames) {
    for (let count = 0; count < BURST && connection.isOpen; count += 1) {
      const frame = random.pick(corpus)
      connection.send(random.below(8) === 0 ? frame : mutate(frame, random.pick(corpus), random))
      sent += 1
    }
    await new Promise((resolve) => setImmediate(resolve))
    answered += connection.take().length > 0 ? 1 : 0
    if (!connection.isOpen) closed += 1
    // A frame that is larger than what follows swallows it all, and a fetch may wait for long: nobody stays on for ever.
    if (!connection.isOpen || random.below(4) === 0) {
      connection.destroy()
      port += 1
      connection = network.open(port)
    }
    if (sent % FRAMES_PER_CHECK < BURST) {
      const problem = await checkBystander(bystander)
      if (problem !== null) problems.push(`after ${sent} frames: ${problem}`)
      onHeap(process.memoryUsage().heapUsed + process.memoryUsage().external)
    }
    if (errors.length > 0 || problems.length > 0) break
  }
  if (!connection.isOpen) closed += 1
  connection.destroy()
  bystander.destroy()
  return { sent, answered, closed, problems: [...problems, ...errors.map((line) => `logged: ${line}`)] }
}

/** What ApiVersions advertises. */
async function servedApis(broker: FuzzBroker): Promise<readonly { readonly api: ApiDefinition; readonly versions: readonly number[] }[]> {
  const connection = broker.network.open(0)
  const answer = await ask(connection)
  connection.destroy()
  const served = decodeResponse(apiVersionsApi, 3, answer).body.apiKeys
  return served.map(({ apiKey, minVersion, maxVersion }) => {
    const api = APIS.find(({ key }) => key === apiKey) as ApiDefinition
    const first = Math.max(minVersion, api.minVersion)
    return { api, versions: Array.from({ length: maxVersion - first + 1 }, (_, index) => first + index) }
  })
}

function frameOf(random: Seeded, apis: Awaited<ReturnType<typeof servedApis>>, names: FuzzBroker['names']): Uint8Array {
  for (;;) {
    const { api, versions } = random.pick(apis)
    const version = random.pick(versions)
    try {
      const body = hostileMessage(api.request, version, random, names)
      return new Uint8Array(Buffer.concat(encodeRequestFrame(api, version, random.below(1000), 'fuzz', body as never)))
    } catch {
      // Not every version can carry every value.
    }
  }
}

async function checkBystander(bystander: FuzzConnection): Promise<string | null> {
  if (!bystander.isOpen) return 'the connection of a bystander was closed'
  const answer = await ask(bystander)
  if (answer.length === 0) return 'a bystander was not answered'
  return decodeResponse(apiVersionsApi, 3, answer).body.errorCode === 0 ? null : 'a bystander was answered with an error'
}

/** The answer to an ApiVersions request, without its size. */
async function ask(connection: FuzzConnection): Promise<Uint8Array> {
  const body = { clientSoftwareName: 'fuzz', clientSoftwareVersion: '1' }
  connection.send(new Uint8Array(Buffer.concat(encodeRequestFrame(apiVersionsApi, 3, 1, 'bystander', body))))
  await new Promise((resolve) => setImmediate(resolve))
  return connection.take().subarray(4)
}
