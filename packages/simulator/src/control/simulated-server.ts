/** The port of a simulated controller: calls of all nodes come in here, and lines that brokers keep open. */
import { type ControllerServer, type ControllerService, type Line, NotActiveError, type RaftTransport } from '@millrace/controller'
import { CONTROLLER_ERROR_CODES, ControllerError } from '@millrace/metadata'
import { ERROR_CODES } from '@millrace/protocol'
import type { Connection } from '@millrace/runtime'
import type { Answer, Call, Failure } from './calls.ts'
import type { ControlEnd } from './control-network.ts'
import type { Fabric } from '../network/fabric.ts'
import { keepAlive } from './keep-alive.ts'
import type { LateCalls } from './late-calls.ts'
import type { Parcels } from './parcels.ts'

export interface SimulatedServerOptions {
  readonly end: ControlEnd
  readonly port: number
  readonly parcels: Parcels
  readonly raftTransport: RaftTransport
  readonly fabric: Fabric
  readonly lateCalls: LateCalls
}

type Outcome = Omit<Extract<Answer, { readonly type: 'answer' }>, 'type' | 'id'>

export async function openSimulatedServer({
  end,
  port,
  parcels,
  raftTransport,
  fabric,
  lateCalls,
}: SimulatedServerOptions): Promise<ControllerServer> {
  const { network, logger, clock } = end.runtime
  const connections = new Set<Connection>()
  let service: ControllerService | null = null
  const listener = await network.listen({ host: end.address, port }, (connection) => {
    connections.add(connection)
    const stop = keepAlive(clock, connection, () => fabric.answersPings(end.address, connection.remote.host))
    const lines = new Map<number, Line>()
    const send = (answer: Answer): void => {
      if (connections.has(connection)) parcels.send(connection, answer)
    }
    connection.setHandlers({
      onData: parcels.reader((message) => onCall(message as Call)),
      onClose: () => {
        stop()
        connections.delete(connection)
        for (const line of lines.values()) line.hangUp('lost')
        lines.clear()
      },
    })
    connection.resume()

    function onCall(call: Call): void {
      switch (call.type) {
        case 'call': {
          const { id, name, request } = call
          const { host } = connection.remote
          const [lateMs, repeatedMs] = [lateCalls.latenessMs(host, name), lateCalls.repetitionMs(host, name)]
          if (repeatedMs > 0) clock.setTimer(lateMs + repeatedMs, () => void carryOut(name, request))
          if (lateMs === 0) return void answer(id, name, request)
          clock.setTimer(lateMs, () => void answer(id, name, request))
          return
        }
        case 'attend': {
          const { id, brokerId, brokerEpoch } = call
          const onClosed = (): void => {
            lines.delete(id)
            send({ type: 'hung-up', id })
          }
          if (service === null) return onClosed()
          lines.set(id, service.attend({ brokerId, brokerEpoch, onClosed }))
          return
        }
        case 'applied':
          return lines.get(call.id)?.applied(call.metadataOffset)
        case 'hang-up':
          lines.get(call.id)?.hangUp(call.reason)
          lines.delete(call.id)
      }
    }

    async function answer(id: number, name: string, request: unknown): Promise<void> {
      send({ type: 'answer', id, ...(await carryOut(name, request)) })
    }

    async function carryOut(name: string, request: unknown): Promise<Outcome> {
      try {
        if (service === null) throw notServing()
        const method = service[name as keyof ControllerService] as (request: unknown) => Promise<unknown>
        const response = await method.call(service, request)
        return { response, metadataOffset: service?.metadataOffset() ?? -1, failure: null }
      } catch (error) {
        if (!(error instanceof ControllerError)) logger.error('a call failed that should not', { call: name, error })
        return { response: null, metadataOffset: -1, failure: failureOf(error) }
      }
    }
  })
  return {
    port,
    raftTransport,
    serve: (next) => {
      service = next
    },
    close: async () => {
      service = null
      await raftTransport.close()
      await listener.close()
      for (const connection of connections) connection.destroy()
    },
  }
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof ControllerError)) {
    const message = 'the controller met an unexpected error; its log says more'
    return { code: CONTROLLER_ERROR_CODES.offline, errorCode: ERROR_CODES.UNKNOWN_SERVER_ERROR, message, leader: null }
  }
  const { code, errorCode, message } = error
  return { code, errorCode, message, leader: error instanceof NotActiveError ? error.leader : null }
}

function notServing(): ControllerError {
  return new ControllerError(CONTROLLER_ERROR_CODES.closed, ERROR_CODES.NOT_CONTROLLER, 'the controller is starting or closing')
}
