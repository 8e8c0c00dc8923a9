/** What a node takes part in the control of its cluster with, where that has other nodes; one that stands alone never needs it. */
import { DeferredModule } from '@millrace/runtime'

export const PEER_CONTROL = new DeferredModule(() => import('./peer-control.ts'))
