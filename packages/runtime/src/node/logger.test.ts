import { describe, expect, it } from 'vitest'
import { createLogger, LOG_LEVELS, type LogLevel, silentLogger } from './logger.ts'

function collect(level?: LogLevel): { readonly logger: ReturnType<typeof createLogger>; lines: () => Record<string, unknown>[] } {
  const written: string[] = []
  const destination = { write: (line: string) => void written.push(line) }
  const logger = createLogger(level === undefined ? { destination } : { level, destination })
  return { logger, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

describe('a logger', () => {
  it('writes one line of JSON per event: its name, its level, its time, its fields', () => {
    const { logger, lines } = collect()
    logger.info('segment-rolled', { baseOffset: 42, path: '/data/t-0' })
    expect(lines()).toEqual([{ level: 'info', time: expect.any(String), msg: 'segment-rolled', baseOffset: 42, path: '/data/t-0' }])
    expect(Number.isNaN(Date.parse(String(lines()[0]?.['time'])))).toBe(false)
  })

  it('writes events without fields', () => {
    const { logger, lines } = collect()
    logger.warn('disk-full')
    expect(lines()).toMatchObject([{ level: 'warn', msg: 'disk-full' }])
  })

  it.each<[LogLevel, string[]]>([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ])('at level %s writes %j', (level, expected) => {
    const { logger, lines } = collect(level)
    for (const each of LOG_LEVELS) if (each !== 'silent') logger[each]('event')
    expect(lines().map((line) => line['level'])).toEqual(expected)
  })

  it('adds the bindings of its parents to every line', () => {
    const { logger, lines } = collect()
    logger.child({ topic: 'orders' }).child({ partition: 3 }).info('opened', { offset: 1 })
    logger.info('plain')
    expect(lines()).toMatchObject([{ topic: 'orders', partition: 3, offset: 1, msg: 'opened' }, { msg: 'plain' }])
    expect(lines()[1]).not.toHaveProperty('topic')
  })

  it('shows what an error says and what caused it', () => {
    const { logger, lines } = collect()
    logger.error('failed', { error: new Error('outer', { cause: new Error('inner') }) })
    expect(lines()).toMatchObject([{ error: { type: 'Error', message: expect.stringContaining('outer') } }])
    expect(JSON.stringify(lines())).toContain('inner')
  })

  it('that is silent has silent children', () => {
    expect(silentLogger.child({ topic: 'orders' })).toBe(silentLogger)
    expect(createLogger({ level: 'silent' })).toBe(silentLogger)
  })
})
