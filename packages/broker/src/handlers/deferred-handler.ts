/** A handler that is loaded when its API is first asked for. Until then its API says what is advertised: all versions. */
import type { ApiDefinition, MessageDefinition } from '@millrace/protocol'
import { DeferredModule } from '@millrace/runtime'
import type { BrokerServices } from '../broker-services.ts'
import type { Answer, Handler, HandlerFactory, RequestContext } from './handler.ts'

export class DeferredHandler {
  readonly #api: ApiDefinition
  readonly #module: DeferredModule<HandlerFactory>

  constructor(api: ApiDefinition, load: () => Promise<HandlerFactory>) {
    this.#api = api
    this.#module = new DeferredModule(load)
  }

  load(): Promise<HandlerFactory> {
    return this.#module.load()
  }

  /**
   * A request that comes first waits for the load, and its connection with it. What was decoded stays valid meanwhile: but for records,
   * which no handler of this kind is sent, it is no view.
   */
  create(services: BrokerServices): Handler {
    const api = this.#api
    const { minVersion, maxVersion } = api
    let handler: Handler | null = null
    const handle = (factory: HandlerFactory, request: never, context: RequestContext<never>): Answer<object> => {
      handler ??= factory(services)
      return handler.handle(request, context)
    }
    return {
      api,
      minVersion,
      maxVersion,
      minServedVersion: minVersion,
      handle: (request, context) => {
        const { loaded } = this.#module
        return loaded === null ? this.load().then((factory) => handle(factory, request, context)) : handle(loaded, request, context)
      },
    }
  }
}

export function whenAsked<Req extends MessageDefinition, Res extends MessageDefinition>(
  api: ApiDefinition<Req, Res>,
  load: () => Promise<HandlerFactory>,
): DeferredHandler {
  return new DeferredHandler(api as unknown as ApiDefinition, load)
}
