/**
 * A part of the code that is loaded when it is first needed, since a node that never needs it is not to pay for it with a slower start and
 * with memory for good.
 *
 * A load takes turns of the event loop that no `Clock` knows of. Who cannot have that, as a simulation, loads beforehand.
 */
export class DeferredModule<Module> {
  readonly #import: () => Promise<Module>
  #loading: Promise<Module> | null = null
  #loaded: Module | null = null

  constructor(importModule: () => Promise<Module>) {
    this.#import = importModule
  }

  /** Null until a load is over. */
  get loaded(): Module | null {
    return this.#loaded
  }

  /** The same for all who ask. Rejects when its files cannot be read, and then the next who asks has it tried again. */
  load(): Promise<Module> {
    this.#loading ??= this.#import().then(
      (module) => (this.#loaded = module),
      (error: unknown) => {
        this.#loading = null
        throw error
      },
    )
    return this.#loading
  }
}
