/** The topics of the cluster, as far as this broker's metadata is. Read when it is asked, never kept. */
export interface TopicsView {
  byName(name: string): TopicDescription | undefined
  byId(id: string): TopicDescription | undefined
  all(): Iterable<TopicDescription>
}

export interface TopicDescription {
  readonly name: string
  readonly id: string
  readonly partitionCount: number
}
