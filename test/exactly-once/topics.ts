/** What the workers write to. */
export interface Topic {
  readonly name: string
  readonly partitions: number
}

export const ORIGINALS: Topic = { name: 'originals', partitions: 2 }
export const COPIES: Topic = { name: 'copies', partitions: ORIGINALS.partitions }
export const TRANSFERS: Topic = { name: 'transfers', partitions: 4 }
export const COPY_GROUP = 'copiers'
