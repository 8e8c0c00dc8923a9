/** Writes the page about protocol support anew. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrokerFixture } from '../src/testing/broker-fixture.ts'
import { PAGE_PATH, renderProtocolSupport } from './render-protocol-support.ts'

const ROOT = join(import.meta.dirname, '../../..')

const broker = await BrokerFixture.start()
writeFileSync(join(ROOT, PAGE_PATH), renderProtocolSupport(broker.handlers))
await broker.close()
