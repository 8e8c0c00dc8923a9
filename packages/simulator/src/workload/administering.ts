/** A client that creates and deletes the same few topics as its fellows, so that they get in one another's way. */
import { type Client, ClientError } from '@millrace/client'
import type { RandomStream } from '../core/random-streams.ts'
import type { World } from '../world/world.ts'
import type { MetadataHistory } from './metadata-history.ts'

export interface AdministeringOptions {
  readonly world: World
  readonly client: Client
  readonly replicationFactor: number
  readonly random: RandomStream
  readonly history: MetadataHistory
  readonly isOver: () => boolean
}

const NAMES = ['red', 'green']

export async function administer({ world, client, replicationFactor, random, history, isOver }: AdministeringOptions): Promise<void> {
  const admin = client.admin()
  while (!isOver()) {
    const name = random.pick(NAMES)
    const isCreation = random.chance(0.5)
    const operation = history.begin(isCreation ? 'create' : 'delete', name)
    try {
      if (isCreation) await admin.createTopics([{ name, partitions: 1, replicationFactor }])
      else await admin.deleteTopics([name])
      history.end(operation, 'done')
    } catch (error) {
      history.end(operation, outcomeOf(error))
    }
    await world.sleep(random.between(50, 1_500))
  }
}

/** Only what the controller says about the topic itself is a definite no. */
function outcomeOf(error: unknown): 'refused' | 'maybe' {
  const name = error instanceof ClientError ? error.kafkaError : null
  return name === 'TOPIC_ALREADY_EXISTS' || name === 'UNKNOWN_TOPIC_OR_PARTITION' ? 'refused' : 'maybe'
}
