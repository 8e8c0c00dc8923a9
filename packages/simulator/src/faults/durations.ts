/** How long things last, so that short and long ones are about as frequent. */
import type { RandomStream } from '../core/random-streams.ts'

/** Back almost at once, or after everybody has noticed. */
export function downMs(random: RandomStream): number {
  return random.pick([random.between(1, 10), random.between(100, 1_000), random.between(1_000, 8_000)])
}

export function duration(random: RandomStream): number {
  return random.pick([random.between(10, 200), random.between(200, 2_000), random.between(2_000, 8_000)])
}

/** Of a device that loses its power; often it works until then. */
export function stall(random: RandomStream): { readonly stallMs?: number } {
  const stallMs = random.pick([0, random.between(5, 50), random.between(50, 500), random.between(500, 3_000)])
  return stallMs === 0 ? {} : { stallMs }
}
