/** Where property tests begin, unless they say it: `vitest.config.ts` draws it from the commit. */
import fc from 'fast-check'

const seed = Number(process.env['MILLRACE_PROPERTY_SEED'])
if (!Number.isSafeInteger(seed)) throw new Error('MILLRACE_PROPERTY_SEED is not a whole number; vitest.config.ts sets it')
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: seed | 0 })
