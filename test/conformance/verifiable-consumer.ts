/** Apache Kafka's own consumer as a process of its own, which says what it is assigned (`VerifiableConsumer`). It commits what it reads. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { kafkaHome } from './apache-kafka.ts'

export interface VerifiableConsumerOptions {
  readonly address: string
  readonly topic: string
  readonly groupId: string
  readonly args: readonly string[]
}

interface ConsumerEvent {
  readonly name: string
  readonly partitions?: readonly { readonly topic: string; readonly partition: number }[]
  readonly count?: number
}

const JAVA_FLAGS = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']

export class VerifiableConsumer implements AsyncDisposable {
  /** What it has, as it says. */
  readonly partitions = new Set<number>()
  recordCount = 0
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<unknown>

  constructor({ address, topic, groupId, args }: VerifiableConsumerOptions) {
    const classpath = ['-cp', join(kafkaHome ?? '', 'libs', '*'), 'org.apache.kafka.tools.VerifiableConsumer']
    const named = ['--bootstrap-server', address, '--topic', topic, '--group-id', groupId]
    this.#child = spawn('java', [...JAVA_FLAGS, ...classpath, ...named, ...args])
    this.#ended = once(this.#child, 'close')
    createInterface(this.#child.stdout).on('line', (line) => {
      if (line.startsWith('{')) this.#take(JSON.parse(line) as ConsumerEvent)
    })
  }

  /** It leaves its group. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
    this.partitions.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  #take({ name, partitions = [], count = 0 }: ConsumerEvent): void {
    if (name === 'partitions_assigned') for (const { partition } of partitions) this.partitions.add(partition)
    else if (name === 'partitions_revoked') for (const { partition } of partitions) this.partitions.delete(partition)
    else if (name === 'records_consumed') this.recordCount += count
  }
}
