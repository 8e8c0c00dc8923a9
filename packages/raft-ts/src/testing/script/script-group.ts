/** The group of nodes that a script plays with, and what its commands do. */
import { DEFAULT_LIMITS, type Message, membershipOf, type RaftEvent, type RaftNode, type RaftOptions } from '../../index.ts'
import { SimulatedDisk } from '../schedule/simulated-disk.ts'
import { describeEntries, describeMembership, describePosition, describeStatus } from './describe.ts'
import { ScriptNode } from './script-node.ts'

/** A script that does not come to rest shows a bug, and should not show it for ever. */
const SETTLE_STEPS_MAX = 10_000

export class ScriptGroup {
  readonly #trace: (line: string) => void
  readonly #makeNode: (options: RaftOptions) => RaftNode
  #nodes = new Map<string, ScriptNode>()
  #messages: Message[] = []
  #electionTicks = 0
  /** Messages that take their time. */
  #held: Message[] = []

  constructor(trace: (line: string) => void, makeNode: (options: RaftOptions) => RaftNode) {
    this.#trace = trace
    this.#makeNode = makeNode
  }

  /** The one of the latest term: whoever led before may not know it yet. */
  describeLeader(): string {
    const leaders = [...this.#nodes.values()].filter((member) => member.isUp && member.node.status.role === 'leader')
    const newest = leaders.toSorted((one, other) => other.node.status.term - one.node.status.term)[0]
    return newest === undefined ? 'nobody leads' : `${newest.id} is ${describeStatus(newest.node.status)}`
  }

  run(command: string, words: readonly string[]): void {
    const [first = '', second = ''] = words
    switch (command) {
      case 'group':
        return this.#found(words)
      case 'tick':
        return this.#tick(words)
      case 'stall':
        return this.#step(first, { type: 'tick', isStalled: true })
      case 'campaign':
        return this.#step(first, { type: 'campaign-requested' })
      case 'elect':
        return this.#elect(first, words)
      case 'transfer':
        return this.#step(first, { type: 'transfer-requested', to: second === '' ? null : second, context: 'transfer' })
      case 'propose':
        return this.#propose(first, words.slice(1))
      case 'read':
        return this.#step(first, { type: 'read-requested', context: second })
      case 'change':
        return this.#change(first, second, words[2] ?? '')
      case 'unreachable':
        return this.#step(first, { type: 'peer-unreachable', id: second })
      case 'deliver':
        return this.#deliver(words)
      case 'drop':
        this.#take(words)
        return
      case 'hold':
        this.#held.push(...this.#take(words))
        return
      case 'release':
        for (const message of this.#held.splice(0)) this.#receive(message)
        return
      case 'write':
        return repeat(second, () => this.#at(first).write())
      case 'work':
        return repeat(second, () => this.#at(first).work())
      case 'fail':
        return this.#step(first, { type: 'storage-failed' })
      case 'settle':
        return this.#settle(words)
      case 'crash':
        return this.#at(first).crash(second === '' ? 0 : Number(second))
      case 'start':
        return this.#at(first).start(second === 'recovering')
      case 'damaged':
        this.#at(first).spoilsSnapshots = true
        return
      case 'damage':
        this.#at(first).disk.entries.length -= Number(second)
        return
      case 'snapshot':
        return this.#snapshot(first, Number(second))
      case 'status':
        return this.#status()
      case 'log':
        return this.#log(first)
      case 'progress':
        return this.#progress(first)
      default:
        throw new Error(`there is no command ${command}`)
    }
  }

  #found(words: readonly string[]): void {
    const settings = new Map(words.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]))
    const ids = words.filter((word) => !word.includes('='))
    const sections: Record<string, string[]> = { '': [], '+': [], '-': [] }
    let section = ''
    for (const id of ids) {
      if (id === '+' || id === '-') section = id
      else sections[section]?.push(id)
    }
    const founders = membershipOf(sections[''] ?? [], sections['+'] ?? [])
    const limits = Object.fromEntries(
      Object.keys(DEFAULT_LIMITS).flatMap((name) => (settings.has(name) ? [[name, Number(settings.get(name))]] : [])),
    )
    this.#electionTicks = Number(settings.get('election') ?? 5)
    const options = {
      groupId: 'g',
      electionTicks: this.#electionTicks,
      heartbeatTicks: Number(settings.get('heartbeat') ?? 2),
      leaseReads: settings.get('lease') === 'yes',
      limits,
    }
    for (const [position, id] of ids.filter((word) => word !== '+' && word !== '-').entries()) {
      const disk = new SimulatedDisk(sections['-']?.includes(id) === true ? membershipOf([]) : founders)
      const send = (message: Message): void => void this.#messages.push(message)
      const node = new ScriptNode(
        id,
        disk,
        { ...options, random: () => position },
        { trace: (line) => this.#trace(line), send, makeNode: this.#makeNode },
      )
      this.#nodes.set(id, node)
      node.start()
    }
  }

  #tick(words: readonly string[]): void {
    const times = words.find((word) => /^\d+$/.test(word)) ?? ''
    for (const id of words) if (id !== times) repeat(times, () => this.#step(id, { type: 'tick' }))
  }

  /** Whoever learns of a later term on the way has to begin anew. */
  #elect(id: string, words: readonly string[]): void {
    for (const voter of words) if (voter !== id) repeat(String(this.#electionTicks), () => this.#step(voter, { type: 'tick' }))
    this.#take([])
    if (this.#at(id).node.status.role === 'leader') throw new Error(`${id} leads already`)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      this.#step(id, { type: 'campaign-requested' })
      for (let votes = this.#takeVotes(words); votes.length > 0; votes = this.#takeVotes(words)) {
        for (const vote of votes) this.#receive(vote)
        for (const voter of words) repeat(String(this.#at(voter).disk.queue.length), () => this.#at(voter).write())
      }
      if (this.#at(id).node.status.role === 'leader') return
    }
    throw new Error(`${id} is not elected by ${words.slice(1).join(' ')}`)
  }

  #takeVotes(ids: readonly string[]): readonly Message[] {
    const isVote = ({ type, from, to }: Message): boolean => type.includes('vote') && ids.includes(from) && ids.includes(to)
    const votes = this.#messages.filter(isVote)
    this.#messages = this.#messages.filter((message) => !isVote(message))
    return votes
  }

  #propose(id: string, words: readonly string[]): void {
    const data = words.map((word) => Uint8Array.from(word, (character) => character.charCodeAt(0)))
    this.#step(id, { type: 'proposed', data, context: words.join(' ') || 'nothing' })
  }

  #change(id: string, type: string, subject: string): void {
    if (type !== 'add-learner' && type !== 'promote' && type !== 'remove') throw new Error(`there is no change ${type}`)
    this.#step(id, { type: 'membership-change-proposed', change: { type, id: subject }, context: `${type} ${subject}` })
  }

  #deliver(links: readonly string[]): void {
    for (const message of this.#take(links)) this.#receive(message)
  }

  /** In rounds, so that a trace reads as things would happen: all that is under way arrives, then everybody writes, then works. */
  #settle(ids: readonly string[]): void {
    const nodes = ids.length === 0 ? [...this.#nodes.values()] : ids.map((id) => this.#at(id))
    const within = (message: Message): boolean => [message.from, message.to].every((id) => nodes.some((node) => node.id === id))
    for (let count = 0; count < SETTLE_STEPS_MAX; count += 1) {
      const message = this.#messages.find(within)
      const busy = nodes.find(({ isUp, isIdle }) => isUp && !isIdle)
      if (message !== undefined) {
        this.#messages.splice(this.#messages.indexOf(message), 1)
        this.#receive(message)
      } else if (busy !== undefined) {
        if (busy.disk.queue.length > 0) busy.write()
        else busy.work()
      } else {
        return
      }
    }
    throw new Error('there is no end to it')
  }

  #snapshot(id: string, keep: number): void {
    const { node, disk } = this.#at(id)
    const meta = node.snapshotMetaAt(node.appliedIndex)
    if (meta === null) throw new Error(`${id} needs no snapshot at ${node.appliedIndex}`)
    disk.saveSnapshot({ meta, data: Uint8Array.from('a state of 24 characters', (character) => character.charCodeAt(0)) })
    this.#trace(`  ${id} stores ${describeMembership(meta.membership)} with snapshot ${describePosition(meta)}`)
    this.#step(id, { type: 'snapshot-taken', index: meta.index })
    const index = node.compactableIndex - keep
    disk.compactTo(index)
    this.#step(id, { type: 'log-compacted', index })
  }

  #status(): void {
    for (const member of this.#nodes.values()) {
      if (!member.isUp) {
        this.#trace(`  ${member.id} is down`)
        continue
      }
      const { status, appliedIndex, commitIndex, lastLog } = member.node
      const log = `applied ${appliedIndex}, commit ${commitIndex}, last ${describePosition(lastLog)}`
      this.#trace(`  ${member.id} is ${describeStatus(status)}, ${log}`)
    }
  }

  #log(id: string): void {
    const { disk, node } = this.#at(id)
    this.#trace(`  after ${describePosition(disk.compacted)}: ${describeEntries(disk.entries) || 'nothing'}`)
    this.#trace(`  membership ${describeMembership(node.membership)}`)
  }

  #progress(id: string): void {
    for (const peer of this.#at(id).node.peers()) {
      const window = peer.inFlightMessages > 0 ? `, ${peer.inFlightMessages} in flight` : ''
      this.#trace(`  ${peer.id} ${peer.state}, match ${peer.matchIndex}, next ${peer.nextIndex}${window}`)
    }
  }

  #receive(message: Message): void {
    const receiver = this.#nodes.get(message.to)
    if (receiver?.isUp === true) receiver.step({ type: 'message-received', message })
  }

  #take(links: readonly string[]): readonly Message[] {
    const isWanted = ({ from, to }: Message): boolean => {
      return links.length === 0 || links.some((link) => link === `${from}>${to}` || link === `${from}>` || link === `>${to}`)
    }
    const taken = this.#messages.filter(isWanted)
    this.#messages = this.#messages.filter((message) => !isWanted(message))
    return taken
  }

  #step(id: string, event: RaftEvent): void {
    this.#at(id).step(event)
  }

  #at(id: string): ScriptNode {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error(`there is no node ${id}`)
    return node
  }
}

function repeat(times: string, work: () => void): void {
  for (let count = times === '' ? 1 : Number(times); count > 0; count -= 1) work()
}
