/** The network port of one life of one host. */
import type { Connection, ConnectOptions, Listener, ListenOptions, Network } from '@millrace/runtime'
import { CrashedError, type Life } from '../core/life.ts'
import type { Fabric } from './fabric.ts'

export class HostNetwork implements Network {
  readonly #fabric: Fabric
  readonly #life: Life
  readonly #address: string

  constructor(fabric: Fabric, life: Life, address: string) {
    this.#fabric = fabric
    this.#life = life
    this.#address = address
  }

  /** Whatever it is asked to listen on, a host has one address. */
  async listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
    this.#assertAlive()
    const address = { host: this.#address, port: options.port === 0 ? this.#fabric.freePort() : options.port }
    const stop = this.#fabric.listen(address, { life: this.#life, onConnection })
    return {
      address,
      close: async () => {
        this.#assertAlive()
        stop()
      },
    }
  }

  async connect({ host, port, timeoutMs }: ConnectOptions): Promise<Connection> {
    this.#assertAlive()
    return this.#fabric.connect(this.#life, this.#address, { host, port }, timeoutMs)
  }

  #assertAlive(): void {
    if (!this.#life.isAlive) throw new CrashedError(this.#life.who)
  }
}
