/**
 * The process as the commands see it: what comes in, where output goes, signals and time. The commands meet no other, so a
 * test runs one without starting a process.
 */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  /** The bytes of a file, in pieces. Rejects with the error of the operating system. */
  openFile(path: string): AsyncIterable<Uint8Array>
  /** A whole small file. Throws the error of the operating system. */
  readTextFile(path: string): string
  /** Calls `stop` at the first request to end (SIGINT, SIGTERM). A second one ends the process at once. */
  onStop(stop: () => void): Forget
  /** Milliseconds from an arbitrary start. */
  now(): number
  every(intervalMs: number, run: () => void): Forget
  /** Resolves after so many milliseconds, and keeps the process going until then. */
  sleep(ms: number): Promise<void>
}

export type Forget = () => void

interface Input {
  readonly isTerminal: boolean
  chunks(): AsyncIterable<Uint8Array>
}

export interface Output {
  readonly isTerminal: boolean
  /** Of the terminal, in characters. */
  readonly columns: number
  /** Resolves when more can be written. Once the reader has gone away, writing does nothing and `isClosed` is true. */
  write(data: string | Uint8Array): Promise<void>
  readonly isClosed: boolean
  /** Calls `listener` when the reader goes away. */
  onClosed(listener: () => void): Forget
}
