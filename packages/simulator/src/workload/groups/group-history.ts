/** What is known of one group from outside, and checked all the while. */
import { CommittedOffsets } from '../../checkers/committed-offsets.ts'
import { NothingSkipped } from '../../checkers/nothing-skipped.ts'
import { OneOwner } from '../../checkers/one-owner.ts'
import { RisingEpochs } from '../../checkers/rising-epochs.ts'
import type { GroupTimes } from './membership.ts'

export interface GroupHistoryOptions {
  readonly times: GroupTimes
  readonly isMixed: boolean
  readonly violate: (rule: string, message: string) => void
}

export class GroupHistory {
  readonly groupId: string
  readonly times: GroupTimes
  /** Its members speak either protocol, and so it goes from one to the other. */
  readonly isMixed: boolean
  readonly owners: OneOwner
  readonly epochs: RisingEpochs
  readonly offsets: CommittedOffsets
  readonly processed = new NothingSkipped()

  constructor(groupId: string, { times, isMixed, violate }: GroupHistoryOptions) {
    this.groupId = groupId
    this.times = times
    this.isMixed = isMixed
    const complain =
      (rule: string) =>
      (message: string): void =>
        violate(rule, `group ${groupId}: ${message}`)
    this.owners = new OneOwner(complain('one owner'))
    // Members of a consumer group that speak the classic protocol come to an epoch one after the other, and the epochs of a group that
    // nobody was in meanwhile begin anew in the other protocol.
    this.epochs = new RisingEpochs(isMixed ? () => {} : complain('epochs rise'))
    this.offsets = new CommittedOffsets(complain('committed offsets'))
  }
}
