/**
 * The command as the sources stand, for work on the repository; what is published begins with `dist/main.js`.
 *
 * It is JavaScript so that nothing has to be stripped of its types before the compile cache is switched on: Node then loads its
 * TypeScript parser on the first run only, which is worth 20 MB.
 */
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('../src/main.ts')
