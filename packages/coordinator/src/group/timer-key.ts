/** How the timers of a group coordinator are called: by what they are for, and whose they are. */
export type TimerKind = 'classic-group' | 'consumer-member' | 'deleted-topics' | 'offset-expiry'

export function timerKey(kind: TimerKind, owner: string): string {
  return `${kind}/${owner}`
}

/** A kind has no slash; whatever is an owner may have some. */
export function parseTimerKey(key: string): { readonly kind: TimerKind; readonly owner: string } {
  const at = key.indexOf('/')
  return { kind: key.slice(0, at) as TimerKind, owner: key.slice(at + 1) }
}
