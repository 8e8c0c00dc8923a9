/** What a replica wants done. The shell does it, in this order. */
export type ReplicaEffect =
  /** It leads from now on; its epoch begins where its log ends. */
  | { readonly type: 'begin-leading'; readonly leaderEpoch: number; readonly startOffset: number }
  /** It leads no more: who waits for it to commit something is told. */
  | { readonly type: 'stop-leading' }
  | { readonly type: 'move-high-watermark'; readonly offset: number }
  /** The controller is to be asked for `pending`. */
  | { readonly type: 'alter-isr' }
  /** The log goes on from there. */
  | { readonly type: 'truncate'; readonly offset: number }
  /** The log begins anew there. */
  | { readonly type: 'reset'; readonly offset: number }
  | { readonly type: 'append' }
  | { readonly type: 'move-log-start'; readonly offset: number }
  /** The leader is asked again, after a pause. */
  | { readonly type: 'wait' }
  | {
      readonly type: 'report'
      readonly level: 'info' | 'warn' | 'error'
      readonly event: string
      readonly fields: Readonly<Record<string, number | string>>
    }
