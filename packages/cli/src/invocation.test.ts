import { expect, it } from 'vitest'
import { invocationOf } from './invocation.ts'

it.each([
  [{}, 'millrace'],
  [{ npm_lifecycle_event: 'start' }, 'npm run --silent millrace --'],
  [{ npm_lifecycle_event: 'millrace' }, 'npm run --silent millrace --'],
  [{ npm_lifecycle_event: 'test' }, 'millrace'],
  [{ npm_command: 'exec' }, 'npx millrace'],
  [{ npm_lifecycle_event: 'test', MILLRACE_INVOCATION: 'mr' }, 'mr'],
])('with %o people call it "%s"', (env, invocation) => {
  expect(invocationOf(env)).toBe(invocation)
})
