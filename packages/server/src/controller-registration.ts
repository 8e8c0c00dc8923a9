/**
 * Tells the cluster where the controller of this node is reached, until the metadata says so. Those who were there from the
 * beginning are written down already; one that joined later, or moved, is not.
 */
import type { ControllerPort, MetadataFeed, RegisterControllerCommand } from '@millrace/metadata'
import type { Clock, Logger, Timer } from '@millrace/runtime'

export interface ControllerRegistrationOptions {
  readonly client: Pick<ControllerPort, 'registerController'>
  readonly feed: MetadataFeed
  readonly clock: Clock
  readonly logger: Logger
  readonly self: RegisterControllerCommand
}

const RETRY_MS = 1_000

export function keepRegistered({ client, feed, clock, logger, self }: ControllerRegistrationOptions): { stop(): void } {
  let timer: Timer | null = null
  let isStopped = false
  const attempt = async (): Promise<void> => {
    timer = null
    if (isRegistered(feed, self)) return
    try {
      const { errorCode, errorMessage } = await client.registerController(self)
      if (errorCode !== 0) logger.warn('the cluster does not take down where this controller is', { errorCode, errorMessage })
    } catch (error) {
      logger.debug('the cluster cannot be told where this controller is', { error })
    }
    if (!isStopped && !isRegistered(feed, self)) timer = clock.setTimer(RETRY_MS, () => void attempt())
  }
  void attempt()
  return {
    stop() {
      isStopped = true
      timer?.cancel()
    },
  }
}

function isRegistered(feed: MetadataFeed, { nodeId, directoryId, host, port }: RegisterControllerCommand): boolean {
  const found = feed.image().controllers.get(nodeId)
  return found?.directoryId === directoryId && found.host === host && found.port === port
}
