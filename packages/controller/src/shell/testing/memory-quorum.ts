/** A quorum in memory whose commits a test holds back, lets through or makes fail. */
import type { ClusterImage, MetadataRecord, Outcome, QuorumDescription } from '@millrace/metadata'
import { invariant } from '@millrace/runtime'
import type { CommittedBatch, Leadership, MetadataQuorum, ProposedBatch, QuorumObserver } from '../metadata-quorum.ts'

export class MemoryQuorum implements MetadataQuorum {
  readonly leadership: Leadership = { epoch: 1, leaderId: 1, isActive: true }
  readonly committed: CommittedBatch[] = []
  /** How many batches came with each `propose`. */
  readonly proposals: number[] = []
  readonly snapshots: ClusterImage[] = []
  isClosed = false
  /** Awaited by each `propose` before it commits. */
  gate: () => Promise<void> = () => Promise.resolve()
  /** Size of each batch that is made. */
  batchBytes = 100
  /** Called for each batch that is made. */
  onEncode: (records: readonly MetadataRecord[]) => void = () => {}
  #observer: QuorumObserver | null = null
  #isProposing = false

  get endOffset(): number {
    return this.committed.length
  }

  start(observer: QuorumObserver): Promise<void> {
    this.#observer = observer
    return Promise.resolve()
  }

  encode(records: readonly MetadataRecord[]): ProposedBatch {
    this.onEncode(records)
    return { records, bytes: new Uint8Array(this.batchBytes) }
  }

  async propose(batches: readonly ProposedBatch[]): Promise<void> {
    invariant(!this.#isProposing, 'one proposal at a time')
    this.#isProposing = true
    this.proposals.push(batches.length)
    try {
      await this.gate()
      for (const { records, bytes } of batches) {
        const batch = { offset: this.endOffset, epoch: this.leadership.epoch, records, sizeBytes: bytes.length }
        this.committed.push(batch)
        this.#observer?.onCommitted(batch)
      }
    } finally {
      this.#isProposing = false
    }
  }

  saveSnapshot(image: ClusterImage): Promise<number> {
    this.snapshots.push(image)
    return Promise.resolve(0)
  }

  describe(): QuorumDescription {
    return { leaderId: 1, leaderEpoch: 1, highWatermark: this.endOffset, voters: [], observers: [], nodes: [] }
  }

  unreachablePeers(): readonly number[] {
    return []
  }

  addVoter(): Promise<Outcome> {
    return Promise.reject(new Error('not here'))
  }

  removeVoter(): Promise<Outcome> {
    return Promise.reject(new Error('not here'))
  }

  transferLeadership(): Promise<Outcome> {
    return Promise.reject(new Error('not here'))
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}
