/** What a scenario is given, and what it is: a name, a sentence, and a way to take samples. */
import type { Launcher, PrepareOptions, RunningBroker } from './brokers/launcher.ts'
import { type Admin } from './load/admin.ts'
import { connectAdmin } from './load/await-broker.ts'
import type { Measure, Role } from './report/scoreboard.ts'

export type Contender = { readonly role: Role; readonly launcher: Launcher; readonly port: number }

export type Bench = {
  /** In the order in which they take turns. */
  readonly contenders: readonly Contender[]
  /** How often the whole scenario repeats, each time with fresh processes over fresh directories. */
  readonly runs: number
  readonly isQuick: boolean
  add(measure: Measure, contender: Contender, value: number): void
  /** A path that nobody uses yet; removed when the scenario ends. */
  newDirectory(contender: Contender): string
}

export type Scenario = {
  readonly name: string
  readonly title: string
  readonly defaultRuns: number
  run(bench: Bench): Promise<void>
}

/** A broker in use by a scenario, with an admin connection to it. */
export type Running = { readonly contender: Contender; readonly broker: RunningBroker; readonly admin: Admin; readonly dataDir: string }

/** Starts every contender on an empty directory; all of them stay up while they take turns. */
export async function startAll(bench: Bench, options: PrepareOptions = {}): Promise<Running[]> {
  const running: Running[] = []
  for (const contender of bench.contenders) {
    const dataDir = bench.newDirectory(contender)
    await contender.launcher.prepare(dataDir, contender.port, options)
    running.push(await startOn(contender, dataDir))
  }
  return running
}

/** Starts a broker over a directory that is prepared, and waits until it answers. */
export async function startOn(contender: Contender, dataDir: string): Promise<Running> {
  const broker = contender.launcher.start(dataDir, contender.port)
  return { contender, broker, admin: await connectAdmin(broker), dataDir }
}

/** Each run has fresh brokers on empty directories. */
export async function eachRun(
  bench: Bench,
  run: (running: readonly Running[]) => Promise<void>,
  options: PrepareOptions = {},
): Promise<void> {
  for (let repeat = 0; repeat < bench.runs; repeat += 1) {
    const running = await startAll(bench, options)
    await run(running)
    await killAll(running)
  }
}

/** The brokers take turns, one slice of the load each, so that whatever else the machine does meets them alike. */
export async function takeTurns(
  running: readonly Running[],
  slices: number,
  take: (one: Running, slice: number) => Promise<void>,
): Promise<void> {
  for (let slice = 0; slice < slices; slice += 1) for (const one of running) await take(one, slice)
}

export type Cost<T> = { readonly cpuSeconds: number; readonly wallSeconds: number; readonly result: T }

/** What the work takes of the broker's CPU, and of everybody's time. */
export async function costOf<T>(broker: RunningBroker, work: () => Promise<T>): Promise<Cost<T>> {
  const cpuBefore = broker.cpuSeconds()
  const startMs = performance.now()
  const result = await work()
  return { cpuSeconds: broker.cpuSeconds() - cpuBefore, wallSeconds: (performance.now() - startMs) / 1000, result }
}

/** Kills them: nobody needs this data again. */
export async function killAll(running: readonly Running[]): Promise<void> {
  for (const { broker, admin } of running) {
    admin.close()
    await broker.kill()
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
