/**
 * The one door to Node: turns of the real event loop. After each step all promises that can go on have gone on, which is what
 * makes an event an event.
 *
 * While it runs, whoever reaches for real time, chance, disk or network is caught: it is a leak, by which the same seed would not
 * give the same run.
 */
import crypto from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

/** As it is before traps are set. */
const { setImmediate: nextTurn } = globalThis

/** So many steps are asked for at once, because each round of the real loop costs a system call. */
const STEPS_AT_ONCE = 64

export interface DriverCallbacks {
  /** Does one thing. False ends the run. */
  step(): boolean
  /** A promise was rejected and nobody was there to hear it. Called right after the step that it happened in. */
  onUnhandledRejection(error: unknown): void
  /** Something went past the ports; `trail` says from where. */
  onLeak(what: string, trail: string): void
}

/** Resolves when `step` returns false; rejects with what it throws. */
export async function drive(callbacks: DriverCallbacks): Promise<void> {
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', callbacks.onUnhandledRejection)
  const removeTraps = setTraps(callbacks.onLeak)
  try {
    await runSteps(callbacks.step)
  } finally {
    removeTraps()
    process.removeAllListeners('unhandledRejection')
    for (const listener of others) process.on('unhandledRejection', listener)
  }
}

function runSteps(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false
    const turn = (): void => {
      if (isOver) return
      try {
        if (step()) return
        isOver = true
        resolve()
      } catch (error) {
        isOver = true
        reject(error)
      }
    }
    const round = (): void => {
      for (let count = 0; count < STEPS_AT_ONCE; count += 1) nextTurn(turn)
      nextTurn(() => {
        if (!isOver) round()
      })
    }
    round()
  })
}

type Trapped = Record<string, (...args: never[]) => unknown>

const TRAPS: readonly (readonly [object: object, name: string, names: readonly string[]])[] = [
  [globalThis, 'global', ['setTimeout', 'setInterval', 'setImmediate']],
  [Date, 'Date', ['now']],
  [Math, 'Math', ['random']],
  [performance, 'performance', ['now']],
  [crypto, 'crypto', ['randomBytes', 'randomFillSync', 'randomInt', 'randomUUID']],
  [fs, 'fs', ['openSync', 'open', 'readFileSync', 'statSync']],
  [net, 'net', ['connect', 'createServer']],
]

/** Frames of a stack that are ours: what test runners and Node itself do beside us is no leak. */
const OURS = /\/packages\/(?!simulator\/)[\w-]+\/src\//

function setTraps(onLeak: (what: string, trail: string) => void): () => void {
  const undo: (() => void)[] = []
  for (const [object, owner, names] of TRAPS) {
    for (const name of names) {
      const original = (object as Trapped)[name]
      if (original === undefined) continue
      const isOwn = Object.hasOwn(object, name)
      Object.defineProperty(object, name, {
        configurable: true,
        writable: true,
        value: (...args: never[]): unknown => {
          const trail = new Error('trail').stack ?? ''
          if (OURS.test(trail.split('\n')[2] ?? '')) onLeak(`${owner}.${name}`, trail)
          return original.apply(object, args)
        },
      })
      undo.push(() => {
        if (isOwn) Object.defineProperty(object, name, { configurable: true, writable: true, value: original })
        else Reflect.deleteProperty(object, name)
      })
    }
  }
  // Whoever imported them by name sees the traps too.
  syncBuiltinESMExports()
  return () => {
    for (const remove of undo) remove()
    syncBuiltinESMExports()
  }
}
