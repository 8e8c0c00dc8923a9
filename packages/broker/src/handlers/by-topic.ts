/** Outcomes of partitions, as answers list them: each topic once, in the order in which it first came. */
export function byTopic<Part extends { readonly topic: string }>(parts: readonly Part[]): readonly (readonly [string, readonly Part[]])[] {
  const topics = new Map<string, Part[]>()
  for (const part of parts) {
    const known = topics.get(part.topic)
    if (known === undefined) topics.set(part.topic, [part])
    else known.push(part)
  }
  return [...topics]
}
