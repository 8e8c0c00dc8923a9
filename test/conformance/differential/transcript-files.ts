/** Where what Apache Kafka answered is kept: one file for each family of scenarios. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseTranscripts, type Transcript } from './transcript.ts'

export function transcriptFile(family: string): string {
  return fileURLToPath(new URL(`../../golden/scenarios/${family}.txt`, import.meta.url))
}

/** By the scenario's name; empty when nothing is kept. */
export function keptTranscripts(family: string): ReadonlyMap<string, Transcript> {
  const file = transcriptFile(family)
  return parseTranscripts(existsSync(file) ? readFileSync(file, 'utf8') : '')
}
