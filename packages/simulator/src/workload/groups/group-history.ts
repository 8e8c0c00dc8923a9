/** What is known of one group from outside, and checked all the while. */
import { CommittedOffsets } from '../../checkers/committed-offsets.ts'
import { NothingSkipped } from '../../checkers/nothing-skipped.ts'
import { OneOwner } from '../../checkers/one-owner.ts'
import { RisingEpochs } from '../../checkers/rising-epochs.ts'
import type { GroupTimes } from './membership.ts'

export class GroupHistory {
  readonly groupId: string
  readonly times: GroupTimes
  readonly owners: OneOwner
  readonly epochs: RisingEpochs
  readonly offsets: CommittedOffsets
  readonly processed = new NothingSkipped()

  constructor(groupId: string, times: GroupTimes, violate: (rule: string, message: string) => void) {
    this.groupId = groupId
    this.times = times
    const complain =
      (rule: string) =>
      (message: string): void =>
        violate(rule, `group ${groupId}: ${message}`)
    this.owners = new OneOwner(complain('one owner'))
    this.epochs = new RisingEpochs(complain('epochs rise'))
    this.offsets = new CommittedOffsets(complain('committed offsets'))
  }
}
