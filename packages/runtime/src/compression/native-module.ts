/** Loads a native package when it is first needed; null where it cannot be loaded, so that the pure twin takes over. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export function lazyModule<Module>(name: string): () => Module | null {
  let loaded: Module | null | undefined
  return () => {
    if (loaded !== undefined) return loaded
    try {
      loaded = require(name) as Module
    } catch {
      loaded = null
    }
    return loaded
  }
}

/** For packages without native parts: their absence is a broken installation. */
export function pureModule<Module>(name: string): () => Module {
  let loaded: Module | undefined
  return () => (loaded ??= require(name) as Module)
}
