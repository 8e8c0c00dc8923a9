import { ERROR_CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { BrokerLife, SETTINGS } from '../testing/broker-life.ts'
import type { LifecycleEvent } from './events.ts'
import { SITUATION_EVENTS, type Situation, TRANSITIONS } from './transition-table.ts'

const { heartbeatIntervalMs, sessionTimeoutMs, controlledShutdownTimeoutMs } = SETTINGS
const PHASES = ['new', 'registering', 'fenced', 'serving', 'self-fenced', 'shutting-down', 'failing'] as const

describe('the transition table', () => {
  const cases = (Object.keys(TRANSITIONS) as Situation[]).flatMap((situation) =>
    PHASES.map((phase) => [phase, situation, TRANSITIONS[situation][phase]] as const),
  )

  it.each(cases)('%s: %s -> %s', (phase, situation, expected) => {
    const life = BrokerLife.in(phase)
    const event = eventOf(life, situation)
    expect(event.type).toBe(SITUATION_EVENTS[situation])
    life.happen(event)
    const [sent] = life.sentLast
    const letter = sent === undefined ? '' : sent.type === 'send-registration' ? ' R' : ' H'
    expect(`${life.state.phase}${letter}`).toBe(expected)
  })

  it.each(['stopped', 'failed'] as const)('nothing happens any more to a broker that has %s', (phase) => {
    for (const situation of Object.keys(TRANSITIONS) as Situation[]) {
      const life = BrokerLife.in(phase)
      const before = life.state
      life.happen(eventOf(life, situation))
      expect(life.state).toBe(before)
      expect(life.effectsLast).toEqual([])
    }
  })
})

describe('registration', () => {
  it('says which life ended cleanly, and once it is done, this one', () => {
    const life = new BrokerLife(17)
    life.happen({ type: 'started' })
    expect(life.sentLast[0]).toMatchObject({ type: 'send-registration', previousBrokerEpoch: 17 })
    life.registered(40)
    life.heartbeatRefused(ERROR_CODES.STALE_BROKER_EPOCH)
    life.pass(1_000)
    expect(life.sentLast[0]).toMatchObject({ type: 'send-registration', previousBrokerEpoch: 40 })
  })

  it('is tried again, later each time, with some chance in it, and for as long as it takes', () => {
    const life = new BrokerLife(-1, () => 0.75)
    life.happen({ type: 'started' })
    const waits = Array.from({ length: 7 }, () => {
      life.callFailed('connection refused')
      const waitMs = (life.state.nextCallMs ?? 0) - life.nowMs
      life.pass(waitMs)
      expect(life.sentLast).toHaveLength(1)
      return Math.round(waitMs)
    })
    expect(waits).toEqual([53, 105, 210, 420, 525, 525, 525])
  })

  it('speaks of its failures once a second at the most', () => {
    const life = new BrokerLife()
    life.happen({ type: 'started' })
    for (let failure = 0; failure < 40; failure += 1) {
      life.callFailed('connection refused')
      life.pass(100)
      if (life.state.call === null) life.pass(500)
    }
    const seconds = life.nowMs / 1_000
    expect(life.lines('warn').length).toBeGreaterThan(2)
    expect(life.lines('warn').length).toBeLessThanOrEqual(seconds + 1)
  })

  it('waits while another process has the same node id, and says what to look for', () => {
    const life = new BrokerLife()
    life.happen({ type: 'started' })
    life.registrationRefused(ERROR_CODES.DUPLICATE_BROKER_REGISTRATION, 'broker 1 is registered by another process')
    expect(life.state.phase).toBe('registering')
    expect(JSON.stringify(life.lines('warn'))).toContain('if no other process runs with this node id')
  })

  it.each([
    [ERROR_CODES.INCONSISTENT_CLUSTER_ID, 'the cluster is another one'],
    [ERROR_CODES.INVALID_REGISTRATION, 'the directory is not known'],
  ])('that is refused for good (%i) ends the broker with the reason', (errorCode, reason) => {
    const life = new BrokerLife()
    life.happen({ type: 'started' })
    life.registrationRefused(errorCode, reason)
    expect(life.state.phase).toBe('failed')
    expect(life.finished).toMatchObject({ code: 'ERR_BROKER_REFUSED', message: expect.stringContaining(reason) })
  })

  it('that is answered after its time is asked for again, and the late answer ignored', () => {
    const life = new BrokerLife()
    life.happen({ type: 'started' })
    const first = life.state.call?.id ?? 0
    life.pass(sessionTimeoutMs / 2)
    life.pass(1_000)
    expect(life.state.call?.id).toBe(first + 1)
    life.happen({ type: 'registered', callId: first, brokerEpoch: 9 })
    expect(life.state.phase).toBe('registering')
  })
})

describe('heartbeats', () => {
  it('leave in their interval, counted from when the last one left', () => {
    const life = BrokerLife.in('serving')
    const sent: number[] = []
    for (let count = 0; count < 3; count += 1) {
      life.pass(30)
      life.heartbeatAccepted()
      life.pass(heartbeatIntervalMs - 30)
      expect(life.sentLast).toHaveLength(1)
      sent.push(life.nowMs)
    }
    expect(sent.map((ms, index) => ms - (sent[index - 1] ?? ms))).toEqual([0, heartbeatIntervalMs, heartbeatIntervalMs])
  })

  it('that take longer than that are followed by the next at once', () => {
    const life = BrokerLife.in('serving')
    life.pass(heartbeatIntervalMs + 200)
    expect(life.sentLast).toEqual([])
    life.heartbeatAccepted()
    expect(life.sentLast).toHaveLength(1)
  })

  it('are one at a time: what is wanted meanwhile leaves with the next, at once', () => {
    const life = BrokerLife.in('fenced')
    life.happen({ type: 'registration-shown', brokerEpoch: life.state.brokerEpoch, isFenced: true })
    expect(life.sentLast).toEqual([])
    life.heartbeatAccepted({ isFenced: true })
    expect(life.sentLast).toHaveLength(1)
  })

  it('do not wait for their time when the registration has arrived here', () => {
    const life = BrokerLife.in('fenced')
    life.heartbeatAccepted({ isFenced: true })
    expect(life.sentLast).toEqual([])
    life.happen({ type: 'registration-shown', brokerEpoch: life.state.brokerEpoch, isFenced: true })
    expect(life.sentLast).toHaveLength(1)
  })

  it('of an earlier registration say nothing', () => {
    const life = BrokerLife.in('serving')
    life.happen({
      type: 'heartbeat-accepted',
      callId: 0,
      brokerEpoch: life.state.brokerEpoch - 1,
      sentMs: life.nowMs,
      isFenced: true,
      shouldShutdown: true,
    })
    expect(life.state.phase).toBe('serving')
  })

  it('that was asked before another one and answered after it says nothing', () => {
    const life = BrokerLife.in('serving')
    const first = life.state.call
    life.pass(sessionTimeoutMs / 2)
    life.pass(1_000)
    life.heartbeatAccepted()
    life.happen({
      type: 'heartbeat-accepted',
      callId: first?.id ?? 0,
      brokerEpoch: life.state.brokerEpoch,
      sentMs: first?.sentMs ?? 0,
      isFenced: true,
      shouldShutdown: false,
    })
    expect(life.state.phase).toBe('serving')
  })

  it('keep to their pauses while they fail, also when the metadata shows two processes taking turns under one id', () => {
    const life = BrokerLife.in('serving')
    const { nowMs } = life
    const { brokerEpoch } = life.state
    let sent = 0
    for (let turn = 1; turn < 1_000; turn += 1) {
      life.happen({ type: 'registration-shown', brokerEpoch: brokerEpoch + turn, isFenced: true })
      if (life.state.call?.type === 'heartbeat') life.heartbeatRefused(ERROR_CODES.STALE_BROKER_EPOCH)
      else if (life.state.call?.type === 'registration') life.registered(brokerEpoch + turn)
      life.pass(1)
      sent += life.sentLast.length
    }
    expect(life.nowMs - nowMs).toBeLessThan(1_000)
    expect(sent).toBeLessThan(30)
  })

  it('that are refused as stale time and again do not become a storm', () => {
    const life = new BrokerLife()
    life.happen({ type: 'started' })
    for (let round = 0; round < 20; round += 1) {
      if (life.state.call === null) life.pass((life.state.nextCallMs ?? 0) - life.nowMs)
      life.registered(5)
      life.heartbeatRefused(ERROR_CODES.STALE_BROKER_EPOCH)
    }
    expect(life.nowMs).toBeGreaterThan(5_000)
  })
})

describe('a broker that does not hear from the controller', () => {
  it('serves until a session has passed since it sent the last heartbeat that was answered, and not a moment longer', () => {
    const life = BrokerLife.in('serving')
    life.pass(100)
    const sentMs = life.state.call?.sentMs ?? 0
    life.heartbeatAccepted()
    life.pass(heartbeatIntervalMs)
    for (let waited = life.nowMs; waited < sentMs + sessionTimeoutMs - 1; waited = life.nowMs) {
      if (life.state.call !== null) life.callFailed('timed out')
      life.pass(Math.min(100, sentMs + sessionTimeoutMs - 1 - waited))
    }
    expect(life.isServing).toBe(true)
    life.pass(1)
    expect(life.state.phase).toBe('self-fenced')
    expect(life.isServing).toBe(false)
    expect(JSON.stringify(life.lines('warn').at(-1))).toContain('no heartbeat was answered')
  })

  it('serves again as soon as it hears that it is not fenced', () => {
    const life = BrokerLife.in('self-fenced')
    life.heartbeatAccepted()
    expect([life.state.phase, life.isServing]).toEqual(['serving', true])
  })

  it('that stood still fences itself before anything else happens, and says that it stood still', () => {
    const life = BrokerLife.in('serving')
    life.heartbeatAccepted()
    life.nowMs += 30_000
    life.happen({ type: 'time-passed' })
    expect(life.state.phase).toBe('self-fenced')
    expect(life.lines('warn').at(-1)?.fields).toMatchObject({ reason: 'this process stood still' })
    expect(life.lines('warn')).toHaveLength(1)
  })

  it('that stood still does not believe an answer that had been waiting for it', () => {
    const life = BrokerLife.in('serving')
    const call = life.state.call
    life.nowMs += 30_000
    life.happen({
      type: 'heartbeat-accepted',
      callId: call?.id ?? 0,
      brokerEpoch: life.state.brokerEpoch,
      sentMs: call?.sentMs ?? 0,
      isFenced: false,
      shouldShutdown: false,
    })
    expect([life.state.phase, life.isServing]).toEqual(['self-fenced', false])
    expect(life.sentLast).toHaveLength(1)
    life.heartbeatAccepted()
    expect(life.isServing).toBe(true)
  })
})

describe('a shutdown', () => {
  it('asks at once to hand over, serves until it is told to go, and is told', () => {
    const life = BrokerLife.in('serving')
    life.heartbeatAccepted()
    life.happen({ type: 'shutdown-requested', hasPeers: true })
    expect(life.sentLast).toMatchObject([{ type: 'send-heartbeat', wantShutdown: true, wantFence: false }])
    for (let count = 0; count < 5; count += 1) {
      life.heartbeatAccepted()
      expect(life.isServing).toBe(true)
      life.pass(heartbeatIntervalMs)
      expect(life.sentLast).toMatchObject([{ wantShutdown: true }])
    }
    life.heartbeatAccepted({ shouldShutdown: true })
    expect([life.state.phase, life.finished]).toEqual(['stopped', null])
  })

  it('goes anyway when its time is over', () => {
    const life = BrokerLife.in('shutting-down')
    while (life.state.phase === 'shutting-down') {
      if (life.state.call !== null) life.heartbeatAccepted()
      life.pass(100)
    }
    expect(life.nowMs).toBeGreaterThanOrEqual(controlledShutdownTimeoutMs)
    expect(life.state.phase).toBe('stopped')
    expect(life.lines('warn').at(-1)?.event).toContain('not handed over in time')
  })

  it('hands nothing over when the setting says so', () => {
    const life = BrokerLife.in('serving', { ...SETTINGS, controlledShutdown: false })
    life.happen({ type: 'shutdown-requested', hasPeers: true })
    expect(life.state.phase).toBe('stopped')
  })
})

it('is heard at once by the next controller when the line to the last one breaks', () => {
  const life = BrokerLife.in('serving')
  life.heartbeatAccepted()
  life.happen({ type: 'controller-lost' })
  expect(life.sentLast).toMatchObject([{ type: 'send-heartbeat' }])
})

describe('a broker whose directory failed', () => {
  it('ends at once where nobody could take over', () => {
    const life = BrokerLife.in('serving')
    life.happen({ type: 'directory-failed', error: new Error('disk /data failed'), hasPeers: false })
    expect(life.state.phase).toBe('failed')
    expect(life.finished).toMatchObject({ code: 'ERR_BROKER_DIRECTORY_FAILED' })
  })

  it('serves no more, tells the controller, and ends with the reason', () => {
    const life = BrokerLife.in('serving')
    life.heartbeatAccepted()
    life.happen({ type: 'directory-failed', error: new Error('disk /data failed'), hasPeers: true })
    expect(life.isServing).toBe(false)
    expect(life.sentLast).toMatchObject([{ isDirectoryOffline: true, wantFence: true }])
    life.heartbeatAccepted({ isFenced: true })
    expect(life.finished).toMatchObject({ code: 'ERR_BROKER_DIRECTORY_FAILED', message: 'disk /data failed' })
  })

  it('ends soon also when nobody can be told', () => {
    const life = BrokerLife.in('failing')
    life.pass(1_999)
    expect(life.state.phase).toBe('failing')
    life.pass(1)
    expect(life.state.phase).toBe('failed')
  })
})

function eventOf(life: BrokerLife, situation: Situation): LifecycleEvent {
  const { nowMs, state } = life
  const { brokerEpoch, call } = state
  const callId = call?.id ?? 1
  const accepted = {
    type: 'heartbeat-accepted',
    nowMs,
    callId,
    brokerEpoch,
    sentMs: nowMs,
    isFenced: false,
    shouldShutdown: false,
  } as const
  switch (situation) {
    case 'started':
      return { type: 'started', nowMs }
    case 'registered':
      return { type: 'registered', nowMs, callId, brokerEpoch: 50 }
    case 'registration refused: duplicate':
      return refused(ERROR_CODES.DUPLICATE_BROKER_REGISTRATION, 'registration-refused')
    case 'registration refused: other cluster':
      return refused(ERROR_CODES.INCONSISTENT_CLUSTER_ID, 'registration-refused')
    case 'heartbeat accepted':
      return accepted
    case 'heartbeat accepted: fenced':
      return { ...accepted, isFenced: true }
    case 'heartbeat accepted: should shut down':
      return { ...accepted, shouldShutdown: true }
    case 'heartbeat accepted: a session old':
      return { ...accepted, sentMs: nowMs, nowMs: nowMs + sessionTimeoutMs }
    case 'heartbeat refused: stale epoch':
      return refused(ERROR_CODES.STALE_BROKER_EPOCH, 'heartbeat-refused')
    case 'heartbeat refused: no controller':
      return refused(ERROR_CODES.NOT_CONTROLLER, 'heartbeat-refused')
    case 'call failed':
      return { type: 'call-failed', nowMs, callId, reason: 'connection refused' }
    case 'registration shown':
      return { type: 'registration-shown', nowMs, brokerEpoch, isFenced: false }
    case 'registration shown: fenced':
      return { type: 'registration-shown', nowMs, brokerEpoch, isFenced: true }
    case 'shutdown requested':
      return { type: 'shutdown-requested', nowMs, hasPeers: true }
    case 'shutdown requested: alone':
      return { type: 'shutdown-requested', nowMs, hasPeers: false }
    case 'peers left':
      return { type: 'peers-left', nowMs }
    case 'directory failed':
      return { type: 'directory-failed', nowMs, error: new Error('disk /data failed'), hasPeers: true }
    case 'controller lost':
      return { type: 'controller-lost', nowMs }
    case 'start timed out':
      return { type: 'start-timed-out', nowMs }
    case 'session over':
      return { type: 'time-passed', nowMs: (state.lastHeardMs ?? nowMs) + sessionTimeoutMs }
    case 'deadline over':
      return { type: 'time-passed', nowMs: state.deadlineMs ?? (state.lastHeardMs ?? nowMs) + sessionTimeoutMs }
  }

  function refused(errorCode: number, type: 'registration-refused' | 'heartbeat-refused'): LifecycleEvent {
    return { type, nowMs, callId, brokerEpoch, errorCode: errorCode as never, errorMessage: 'no' }
  }
}
