/** Deletes topics with all their records. */
import { deleteTopicsApi, ERROR_CODES } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { Cluster } from '../metadata/cluster.ts'
import { askController } from './controller.ts'
import { settleEach, unanswered, wasNotCarriedOut } from './settle-each.ts'

export async function deleteTopics(cluster: Cluster, names: readonly string[]): Promise<void> {
  await settleEach(cluster, [...new Set(names)], {
    mayRepeat: wasNotCarriedOut,
    exchange: async (open, attempt) => {
      const topics = open.map((name) => ({ name }))
      const body = { topics, topicNames: open, timeoutMs: cluster.settings.requestTimeoutMs }
      const answer = await askController(cluster, attempt, deleteTopicsApi, body)
      const byName = new Map(answer.responses.map((entry) => [entry.name, entry]))
      return open.map((name) => {
        const entry = byName.get(name)
        if (entry === undefined) return unanswered(`topic "${name}"`)
        if (entry.errorCode === ERROR_CODES.NONE) return null
        const message = entry.errorCode === ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION ? `topic "${name}" does not exist` : entry.errorMessage
        return brokerError(entry.errorCode, { topic: name }, message)
      })
    },
  })
  for (const name of names) cluster.invalidate(name)
}
