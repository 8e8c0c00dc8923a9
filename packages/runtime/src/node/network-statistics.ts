/** How the file ranges of this process left it; a broker shows it as metrics, for the two ways differ threefold in cost. */
export interface NetworkStatistics {
  /** Bytes that the kernel moved from the page cache to a socket. */
  readonly sendFileBytes: number
  /** Bytes of files that were read into our memory and written from there. */
  readonly copiedFileBytes: number
  /** Slices that were not in the page cache and were read ahead of `sendfile` so that it does not block the event loop. */
  readonly warmedSlices: number
}

/** Counted by whatever sends files; read by everybody else through `networkStatistics`. */
export const counters: { -readonly [Name in keyof NetworkStatistics]: number } = {
  sendFileBytes: 0,
  copiedFileBytes: 0,
  warmedSlices: 0,
}

export function networkStatistics(): NetworkStatistics {
  return { ...counters }
}
