/** The machines of all coordinators, for the brokers of this process. */
import { DeferredModule } from '@millrace/runtime'

export const COORDINATOR = new DeferredModule(() => import('@millrace/coordinator'))
