/**
 * Directories of partitions that the metadata does not know are left as they are and reported: no data is ever deleted because
 * metadata looks empty.
 */
import type { LogDirectory } from '@millrace/log'
import type { ClusterImage } from '@millrace/metadata'
import type { Logger } from '@millrace/runtime'

/** Topics whose names begin so are not in the image: they are how the image itself is kept. */
const METADATA_PREFIX = '__cluster_'
const NAMED_MAX = 20

export function reportStrays(logDirectory: Pick<LogDirectory, 'found' | 'path'>, image: ClusterImage, logger: Logger): void {
  const strays = logDirectory
    .found()
    .filter(({ topic, partition }) => !topic.startsWith(METADATA_PREFIX) && image.topics.get(topic)?.partitions[partition] === undefined)
    .map(({ topic, partition }) => `${topic}-${partition}`)
  if (strays.length === 0) return
  logger.warn('the data directory holds partitions that are in no topic; they are kept, remove them by hand if they are not needed', {
    path: logDirectory.path,
    count: strays.length,
    partitions: strays.slice(0, NAMED_MAX),
  })
}
