/** Requests one at a time on a connection of their own, decoded: for what a scenario sets up, and for calls that are no flood. */
import {
  type ApiDefinition,
  type Decoded,
  decodeResponse,
  type Encodable,
  encodeRequestFrame,
  type MessageDefinition,
} from '@millrace/protocol'
import { openConnection } from './connection.ts'

const SIZE_BYTES = 4

export type Caller = {
  call<Req extends MessageDefinition, Res extends MessageDefinition>(
    api: ApiDefinition<Req, Res>,
    version: number,
    body: Encodable<Req>,
  ): Promise<Decoded<Res>>
  close(): void
}

export async function openCaller(port: number): Promise<Caller> {
  const connection = await openConnection(port, Infinity)
  const waiting: PromiseWithResolvers<Buffer>[] = []
  connection.onAnswer = (head) => waiting.shift()?.resolve(Buffer.from(head.subarray(SIZE_BYTES)))
  connection.onLost = (error) => waiting.splice(0).forEach(({ reject }) => reject(error))
  return {
    async call(api, version, body) {
      const answer = Promise.withResolvers<Buffer>()
      waiting.push(answer)
      connection.send(Buffer.concat(encodeRequestFrame(api, version, 1, 'bench', body)))
      return decodeResponse(api, version, await answer.promise).body
    },
    close: () => connection.close(),
  }
}
