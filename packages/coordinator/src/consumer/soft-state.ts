/** What a group coordinator knows of its consumer groups beside what it has stored. */
import { MemberDeadlines } from './deadlines.ts'

export class ConsumerGroupsSoftState {
  readonly deadlines = new MemberDeadlines()
  /** Goes up when topics come, go or grow. Groups look for themselves, when one of their members is heard of, what that means. */
  topicsVersion = 0
}
