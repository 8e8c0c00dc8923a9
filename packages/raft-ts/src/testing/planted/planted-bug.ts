/**
 * Bugs that Raft implementations really had, each as the smallest change that puts it into this one. A bug is planted in a copy of
 * the sources, so that nothing of this is in the package itself; a change whose place cannot be found any more fails loudly.
 */
export interface PlantedBug {
  readonly name: string
  /** From `src`. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly correct: string
  readonly wrong: string
  /** Shows in the trace of this script, because chance needs too many runs to find it. */
  readonly script?: string
  /** Was found by chance once, after many runs, and fails this scenario. */
  readonly scenario?: string
}
