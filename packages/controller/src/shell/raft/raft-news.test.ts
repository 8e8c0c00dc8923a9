import { silentLogger } from '@millrace/runtime'
import type { NodeStatus } from 'raft-ts'
import { beforeEach, expect, it } from 'vitest'
import { RaftNews } from './raft-news.ts'

const LEADER = '2@directory'

let nowMs: number
let lines: unknown[]
let news: RaftNews

beforeEach(() => {
  nowMs = 0
  lines = []
  const clock = { monotonic: () => nowMs }
  const logger = {
    ...silentLogger,
    info: (_event: string, fields: { leader: string | null; role: string }) => lines.push(fields.leader ?? fields.role),
  }
  news = new RaftNews(clock as never, logger as never, false)
})

const is = (status: Partial<NodeStatus>): void => news.statusIs({ role: 'follower', term: 1, leader: null, ...status } as NodeStatus)

it('tells every change of role, term and leader once', () => {
  is({})
  is({})
  is({ leader: LEADER })
  is({ leader: LEADER })
  is({})
  is({ role: 'pre-candidate' })
  is({ role: 'candidate', term: 2 })
  is({ role: 'leader', term: 2, leader: '1@directory' })
  expect(lines).toEqual(['follower', LEADER, 'follower', 'pre-candidate', 'candidate', '1@directory'])
})

it('tells rarely of a leader that is lost and found with every heartbeat, and ends with what is so', () => {
  for (; nowMs < 20_000; nowMs += 100) {
    is({ leader: LEADER })
    is({})
  }
  is({ leader: LEADER })
  expect(lines).toEqual([LEADER, 'follower', LEADER, 'follower', LEADER])
  is({})
  is({ role: 'pre-candidate' })
  expect(lines.at(-1)).toBe('pre-candidate')
})
