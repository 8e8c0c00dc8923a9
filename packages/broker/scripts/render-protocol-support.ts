/** The page that says which requests the broker answers, made from its handlers so that it cannot say anything else. */
import { EVERY_API } from '@millrace/protocol/every-api'
import type { Handler } from '../src/handlers/handler.ts'
import { KNOWN_LIMITS } from './known-limits.ts'

export const PAGE_PATH = 'docs/protocol-support.md'

export function renderProtocolSupport(handlers: readonly Handler[]): string {
  const served = new Set(handlers.map(({ api }) => api.key))
  const others = EVERY_API.filter(({ key }) => !served.has(key)).map(({ key, name }) => `${name} (${key})`)
  return `# Protocol support

Which requests of Apache Kafka's protocol the broker answers, and in which versions. Clients find out by ApiVersions.

This page is made from the broker's handlers; change those, and run
\`node --conditions=@millrace/source packages/broker/scripts/protocol-support.ts\`.

| Key | API | Versions | Known limits |
| --: | --- | --- | --- |
${handlers.map(rowOf).join('\n')}

A request of another version, or of another API, closes the connection, as with Apache Kafka. Only ApiVersions is answered in
every version.

Not served: ${others.join(', ')}.
`
}

function rowOf({ api, minVersion, maxVersion, minServedVersion }: Handler): string {
  const versions = minServedVersion === maxVersion ? `${maxVersion}` : `${minServedVersion}-${maxVersion}`
  const refused =
    minServedVersion === minVersion ? '' : ` (${minVersion}-${minServedVersion - 1} are advertised for old clients, and refused)`
  return `| ${api.key} | ${api.name} | ${versions}${refused} | ${KNOWN_LIMITS[api.name] ?? ''} |`
}
