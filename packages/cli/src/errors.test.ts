import { expect, it } from 'vitest'
import { InputError, reportOf, UsageError } from './errors.ts'

function failure(message: string, fields: object): Error {
  return Object.assign(new Error(message), fields)
}

it.each([
  ['a usage error', new UsageError('nothing to do'), 2, 'nothing to do'],
  ['a wrong setting', failure('--port: no', { code: 'ERR_SERVER_CONFIGURATION' }), 2, '--port: no'],
  ['an argument the client refuses', failure('no such partition', { code: 'ERR_CLIENT_INVALID_ARGUMENT' }), 2, 'no such partition'],
  ['input that cannot be used', new InputError('line 3 is not JSON'), 1, 'line 3 is not JSON'],
  [
    'a port that is taken',
    failure('cannot listen', { code: 'ERR_NETWORK_ADDRESS_IN_USE' }),
    1,
    'cannot listen: is a broker running already? Choose another port with --port',
  ],
  [
    'a directory that is in use',
    failure('locked', { code: 'ERR_LOG_LOCKED' }),
    1,
    'locked; stop that broker, or choose another directory with --data-dir',
  ],
  [
    'a topic that does not exist',
    failure('topic "t" does not exist', { code: 'ERR_CLIENT_BROKER', kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION' }),
    1,
    'topic "t" does not exist; "millrace topic list" shows what there is',
  ],
  [
    'a host that does not answer',
    failure('no answer', { code: 'ERR_CLIENT_UNREACHABLE', address: 'h:1' }),
    1,
    'no answer; check --brokers',
  ],
  ['an error of nobody', failure('boom', {}), 1, 'boom'],
  ['what is no error', 'just text', 1, 'just text'],
])('%s is told in words and ends with its code', (_, error, exitCode, message) => {
  expect(reportOf(error, 'millrace')).toMatchObject({ exitCode, message })
})
