/** What every command is given: the process, and how a person calls this command here. */
import type { Io } from './io.ts'

export interface CommandContext {
  readonly io: Io
  readonly invocation: string
}
