/** Rules for topic names. They become directory names, which is why '.' and '..' and slashes are out. */
export const TOPIC_NAME_LENGTH_MAX = 249

const INTERNAL_TOPICS: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

/** Kept by the coordinators. Clients may read these topics and not write them. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** Says what is wrong with the name, or null when it is fine. */
export function topicNameProblem(name: string): string | null {
  if (name === '') return 'a topic name cannot be empty'
  if (name === '.' || name === '..') return `a topic cannot be called "${name}"`
  if (name.length > TOPIC_NAME_LENGTH_MAX) {
    return `the topic name has ${name.length} characters; at most ${TOPIC_NAME_LENGTH_MAX} are allowed`
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `the topic name ${quoted(name)} has characters other than ASCII letters, digits, '.', '_' and '-'`
  }
  return null
}

/** Escapes what would garble a log line or a terminal. */
function quoted(name: string): string {
  return JSON.stringify(name)
}
