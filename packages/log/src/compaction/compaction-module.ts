/** What compacts a log, for the directories of this process. Many never have one that needs it. */
import { DeferredModule } from '@millrace/runtime'

export const COMPACTION = new DeferredModule(() => import('./compact-log.ts'))
