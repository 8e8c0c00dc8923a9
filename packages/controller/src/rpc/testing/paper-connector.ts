/** Connections to controllers of paper, by port; to a port that nobody listens on, and to one that nobody answers on. */
import { unreachable } from '../controller-errors.ts'
import type { ControllerChannel, ControllerConnector, ControllerService } from '../controller-service.ts'
import type { ControllerEndpoint } from '../metadata-fetch.ts'

export type PaperPeer = ControllerService | 'dead'

export interface PaperConnector extends ControllerConnector {
  /** A missing port is dead. */
  readonly peers: Map<number, PaperPeer>
  /** Ports in the order in which they were asked something. */
  readonly asked: number[]
  readonly closed: number[]
}

export function endpoint(nodeId: number): ControllerEndpoint {
  return { nodeId, host: 'host', port: 9_000 + nodeId }
}

export function paperConnector(): PaperConnector {
  const peers = new Map<number, PaperPeer>()
  const asked: number[] = []
  const closed: number[] = []
  const connect = ({ nodeId, port }: ControllerEndpoint): ControllerChannel => {
    const peer = (): ControllerService => {
      const found = peers.get(port) ?? 'dead'
      if (found === 'dead') throw unreachable(`controller ${nodeId} is not reached`)
      return found
    }
    return new Proxy({} as ControllerChannel, {
      get(_target, name: keyof ControllerChannel) {
        if (name === 'close') {
          return () => {
            closed.push(port)
            return Promise.resolve()
          }
        }
        if (name === 'metadataOffset') return () => peer().metadataOffset()
        if (name === 'attend') return (caller: Parameters<ControllerService['attend']>[0]) => peer().attend(caller)
        return async (request: never) => {
          asked.push(port)
          return (peer()[name] as (request: never) => Promise<unknown>).call(peer(), request)
        }
      },
    })
  }
  return { peers, asked, closed, connect }
}
