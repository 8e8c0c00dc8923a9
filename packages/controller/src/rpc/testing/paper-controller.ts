/** A controller of paper, for tests: answers what it was given an answer for, and notes who attends. */
import type { ControllerService, LineCaller } from '../controller-service.ts'

export interface PaperController {
  readonly service: ControllerService
  /** Names of the calls that came, in order. */
  readonly calls: string[]
  readonly attending: LineCaller[]
  /** Offsets that were reported over lines. */
  readonly applied: number[]
  /** How lines were ended by the other side, in order. */
  readonly hangUps: string[]
}

export function paperController(answers: Partial<ControllerService>): PaperController {
  const calls: string[] = []
  const attending: LineCaller[] = []
  const applied: number[] = []
  const hangUps: string[] = []
  const attend = (caller: LineCaller) => {
    attending.push(caller)
    return {
      applied: (metadataOffset: number) => void applied.push(metadataOffset),
      hangUp: (reason: string) => void hangUps.push(`${caller.brokerId} ${reason}`),
    }
  }
  const known: Partial<ControllerService> = { metadataOffset: () => -1, attend, ...answers }
  const service = new Proxy(known, {
    get(target, name) {
      const answer = target[name as keyof ControllerService] as ((...args: unknown[]) => unknown) | undefined
      return (...args: unknown[]) => {
        if (name !== 'metadataOffset' && name !== 'attend') calls.push(String(name))
        if (answer === undefined) throw new TypeError(`${String(name)} was not expected`)
        return answer(...args)
      }
    },
  }) as ControllerService
  return { service, calls, attending, applied, hangUps }
}
