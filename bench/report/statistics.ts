/** Medians and percentiles: a mean on a shared machine tells more of the neighbours than of the broker. */

export type Summary = { readonly median: number; readonly min: number; readonly max: number; readonly samples: number }

/** Null without samples. */
export function summarize(samples: readonly number[]): Summary | null {
  if (samples.length === 0) return null
  return { median: percentile(samples, 0.5), min: Math.min(...samples), max: Math.max(...samples), samples: samples.length }
}

/** The value below which `fraction` of the samples lie; between two samples it is interpolated. */
export function percentile(samples: ArrayLike<number>, fraction: number): number {
  if (samples.length === 0) throw new RangeError('a percentile needs a sample')
  const sorted = Float64Array.from(samples).sort()
  const position = fraction * (sorted.length - 1)
  const below = sorted[Math.floor(position)] as number
  const above = sorted[Math.ceil(position)] as number
  return below + (above - below) * (position - Math.floor(position))
}
