/** Where on a node's disk records lie that have been durable for so long that the checkpoints know it. */
import type { Disk } from '@millrace/runtime'

const CHECKPOINT = 'recovery-point-offset-checkpoint'

type Reader = Pick<Disk, 'list' | 'readFile' | 'stat'>

export interface RecordPlace {
  readonly path: string
  readonly position: number
}

/**
 * A place in one of the closed segments of the topic's partitions; `place` goes from the first (0) to the last (1). Null when there is
 * none. Later records are no place for damage: a start takes it for what a crash left, and cuts it off.
 */
export function durableRecordPlace(disk: Reader, dataDir: string, topic: string, place: number): RecordPlace | null {
  const files = [...recoveryPoints(disk, dataDir)]
    .filter(([name]) => name.startsWith(`${topic}-`) && disk.stat(`${dataDir}/${name}`) !== null)
    .flatMap(([name, recoveryPoint]) => closedSegments(disk, `${dataDir}/${name}`, recoveryPoint))
  const nth = place * files.length
  const path = files[Math.min(files.length - 1, Math.floor(nth))]
  if (path === undefined) return null
  return { path, position: Math.floor((nth - Math.floor(nth)) * (disk.stat(path)?.sizeBytes ?? 0)) }
}

/** Removes a partition as somebody does who wants it to be fetched anew: the directory, and the line that remembers it. */
export async function forgetPartition(disk: Disk, dataDir: string, name: string): Promise<void> {
  disk.removeDirectory(`${dataDir}/${name}`)
  const kept = [...recoveryPoints(disk, dataDir)].filter(([other]) => other !== name)
  const lines = kept.map(([other, offset]) => `${other.replace(/-(\d+)$/, ' $1')} ${offset}`)
  await disk.replaceFile(
    `${dataDir}/${CHECKPOINT}`,
    new TextEncoder().encode(`0\n${kept.length}\n${lines.map((line) => `${line}\n`).join('')}`),
  )
  await disk.syncDirectory(dataDir)
}

/** By directory name; none where the file is missing. */
function recoveryPoints(disk: Reader, dataDir: string): ReadonlyMap<string, number> {
  const path = `${dataDir}/${CHECKPOINT}`
  if (disk.stat(path) === null) return new Map()
  const [, , ...lines] = new TextDecoder().decode(disk.readFile(path)).trim().split('\n')
  return new Map(
    lines.map((line) => {
      const [topic, partition, offset] = line.split(' ')
      return [`${topic}-${partition}`, Number(offset)]
    }),
  )
}

function closedSegments(disk: Reader, directory: string, recoveryPoint: number): readonly string[] {
  const bases = disk.list(directory).flatMap(({ name }) => (/^\d{20}\.log$/.test(name) ? [name] : []))
  return bases
    .slice(0, -1)
    .flatMap((name, index) => (Number(bases[index + 1]?.slice(0, 20)) <= recoveryPoint ? [`${directory}/${name}`] : []))
}
