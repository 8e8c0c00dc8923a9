/**
 * The machine on which a local cluster runs, as far as the supervisor meets it: files, processes, ports and time. A test runs a
 * cluster on one that is made of nothing.
 */
export interface Machine {
  /** The absolute form of a path. */
  absolute(path: string): string
  /** Null where no file is. */
  readText(path: string): string | null
  /** Replaces the file as a whole. */
  writeText(path: string, content: string): void
  /** A missing one is fine. */
  removeFile(path: string): void
  /** With those above it. */
  createDirectory(path: string): void
  /** Starts this command once more, as a process that outlives us; what it writes goes to the end of the file. Returns its pid. */
  startCommand(args: readonly string[], outputPath: string): number
  /**
   * Whether there is such a process and `argument` is among the words of its command line. Not of one that has ended and only
   * waits to be buried.
   */
  isRunning(pid: number, argument: string): boolean
  /** A process that is gone already is fine. */
  signal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void
  /** Whether somebody could listen there now. */
  isPortFree(host: string, port: number): Promise<boolean>
  /** Length of a file in bytes; 0 where there is none. */
  sizeOf(path: string): number
  /** The file from a byte on. */
  readFrom(path: string, position: number): Uint8Array
  nowMs(): number
  wait(ms: number): Promise<void>
}
