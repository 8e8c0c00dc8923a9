/** What a group coordinator wants done, in the words that all coordinators share. */
import type { CoordinatorEffect } from '../machine.ts'
import type { GroupRecord } from '../records/group-record.ts'
import type { GroupResponse } from './requests.ts'

export type GroupEffect = CoordinatorEffect<GroupRecord, GroupResponse>
