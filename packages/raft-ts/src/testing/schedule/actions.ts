/** What each step of a schedule does. All chance in it comes from the step's own seed. */
import type { MembershipChange } from '../../index.ts'
import type { ActionName } from './plan.ts'
import type { RandomGroup } from './random-group.ts'
import type { SimulatedNode } from './simulated-node.ts'

export const ACTIONS: Readonly<Record<ActionName, (group: RandomGroup) => void>> = {
  deliver: (group) => group.deliver(),
  tick: (group) => tick(group),
  write: (group) => write(group),
  work: (group) => group.upNode()?.work(),
  rush: (group) => rush(group),
  propose,
  read,
  crash,
  'crash-midway': crashMidway,
  'storage-failure': failStorage,
  wipe,
  restart,
  part,
  heal: (group) => group.network.heal(),
  isolate,
  pause: pauseLeader,
  campaign: (group) => group.upNode()?.step({ type: 'campaign-requested' }),
  snapshot,
  transfer,
  change: changeMembership,
  stall,
  'stall-disk': stallDisk,
  unreachable: (group) => {
    const node = group.random.chance(0.5) ? group.anyLeader() : group.upNode()
    node?.step({ type: 'peer-unreachable', id: group.random.pick(group.nodes)?.id ?? '' })
  },
}

/** Much happens before the next fault: one thing at a time would seldom let anything be finished. */
function rush(group: RandomGroup, held: Held = {}): void {
  const { random } = group
  for (let count = random.between(3, 30); count > 0; count -= 1) {
    if (random.chance(0.5)) group.deliver()
    else if (random.chance(0.4)) write(group, held)
    else if (random.chance(0.6)) group.upNode()?.work()
    else tick(group, held)
  }
}

/** Somebody for whom no time passes, or whose disk does nothing. */
interface Held {
  readonly ticks?: SimulatedNode | undefined
  readonly writes?: SimulatedNode | undefined
}

function tick(group: RandomGroup, held: Held = {}): void {
  const node = group.upNode()
  if (node !== held.ticks) group.tick(node)
}

function write(group: RandomGroup, held: Held = {}): void {
  const node = group.upNode()
  if (node === undefined || node === held.writes) return
  if (node.id !== group.setup.slowDisk || group.random.chance(0.1)) node.write()
}

function propose(group: RandomGroup): void {
  const { random } = group
  const node = random.chance(0.8) ? group.anyLeader() : group.upNode()
  node?.propose(Array.from({ length: random.between(1, 3) }, () => new Uint8Array([random.below(256), random.below(256)])))
}

function read(group: RandomGroup): void {
  const node = group.random.chance(0.8) ? group.anyLeader() : group.upNode()
  node?.read()
}

/** Where something is at stake: a write is under way, or something was just promised. */
function crash(group: RandomGroup): void {
  const { random, nodes, network } = group
  const up = nodes.filter(({ node }) => node !== null)
  const writing = up.filter(({ disk }) => disk.queue.length > 0)
  const promising = network.sendersOf(['vote-response', 'append-accepted'])
  const staked = random.chance(0.5) ? writing : up.filter(({ id }) => promising.includes(id))
  const node = random.chance(0.8) && staked.length > 0 ? random.pick(staked) : random.pick(up)
  if (node === undefined) return
  node.fault('crash')
  const role = node.role
  node.crash()
  if (group.mayDamage && random.chance(0.4)) damage(group, node, role)
  if (random.chance(0.7)) node.start()
  // What a damaged disk forgot is in danger when others who knew are gone too.
  if (node.isDamaged) group.anyLeader()?.crash()
}

/** The end of a log is gone. The driver may notice, and then writes it down before it repairs; the node may notice by itself. */
function damage(group: RandomGroup, node: SimulatedNode, role: string): void {
  const { random, coverage } = group
  const { disk } = node
  const firstKept = Math.max(disk.compacted.index, disk.snapshot.meta.index)
  if (disk.lastIndex <= firstKept) return
  group.mayDamage = false
  coverage.fault('damage', role)
  disk.entries.length -= random.between(1, disk.lastIndex - firstKept)
  const shows = disk.lastIndex < disk.hardState.durableIndex
  if (shows && random.chance(0.5)) coverage.sometimes('a node notices a loss by itself')
  else disk.hardState = { ...disk.hardState, isRecovering: true }
  node.isDamaged = true
}

/** Between two effects of one batch: what was sent is out, what was to be written is not. */
function crashMidway(group: RandomGroup): void {
  const node = group.upNode()
  if (node === undefined) return
  node.crashAfter = group.random.below(4)
}

function failStorage(group: RandomGroup): void {
  const node = group.upNode()
  if (node === undefined) return
  node.fault('storage-failure')
  node.step({ type: 'storage-failed' })
  if (group.random.chance(0.3)) node.restart()
}

function wipe(group: RandomGroup): void {
  const node = group.random.pick(group.nodes)
  if (node === undefined || group.gone.length >= 2 || !group.isSettled() || !group.survivesWithout(node.id)) return
  node.fault('wipe')
  group.wipe(node)
}

function restart(group: RandomGroup): void {
  group.random.pick(group.nodes.filter(({ node }) => node === null || node.status.role === 'failed'))?.restart()
}

function part(group: RandomGroup): void {
  const { random, network, nodes } = group
  const ids = nodes.map(({ id }) => id)
  if (random.chance(0.6)) {
    network.part(ids)
    for (const node of nodes) node.fault('part')
  } else {
    const from = random.pick(nodes)
    network.cut(from?.id ?? '', random.pick(ids) ?? '')
    from?.fault('link-down')
  }
}

/** Whoever leads is cut off, one way or both, and may not notice for a while. */
function isolate(group: RandomGroup): void {
  const { random, network } = group
  const leader = group.anyLeader()
  if (leader === undefined) return
  const isDeaf = random.chance(0.7)
  const isMute = !isDeaf || random.chance(0.7)
  leader.fault(isDeaf && isMute ? 'isolate' : isDeaf ? 'deafen' : 'mute')
  for (const { id } of group.nodes) {
    if (isDeaf) network.cut(id, leader.id)
    if (isMute) network.cut(leader.id, id)
  }
}

/**
 * For whoever leads no time passes, but for the others: long enough for them to want another leader, and to get one. What the
 * old one is asked meanwhile is not lost on it. With leases it is stopped altogether, and is told so when it goes on.
 */
function pauseLeader(group: RandomGroup): void {
  const { random, setup } = group
  const leader = group.anyLeader()
  leader?.fault('pause')
  const isAsked = random.chance(0.5)
  const pace = random.below(4)
  if (leader !== undefined) leader.isStopped = setup.leaseReads
  for (let count = random.between(1, 3 * setup.electionTicks); count > 0; count -= 1) {
    if (setup.leaseReads) group.tickAll()
    else for (const node of group.nodes) if (node !== leader && random.chance(0.8)) group.tick(node)
    for (let times = 0; times < pace; times += 1) rush(group, { ticks: leader })
    if (!isAsked) continue
    if (random.chance(0.2)) group.newestLeader()?.propose([new Uint8Array([count])])
    if (random.chance(0.1)) leader?.propose([new Uint8Array([count])])
    if (random.chance(0.2)) leader?.read()
  }
  if (leader?.isStopped !== true) return
  leader.isStopped = false
  leader.step({ type: 'tick', isStalled: true })
  if (isAsked) leader.read()
}

/** The disk of whoever leads does nothing for a time, and clients do not let up. */
function stallDisk(group: RandomGroup): void {
  const { random } = group
  const leader = group.anyLeader()
  leader?.fault('stall-disk')
  for (let count = random.between(1, 3 * group.setup.electionTicks); count > 0; count -= 1) {
    group.tickAll()
    for (let times = random.below(4); times > 0; times -= 1) leader?.propose([new Uint8Array(100)])
    for (let times = random.below(3); times > 0; times -= 1) rush(group, { writes: leader })
  }
}

function stall(group: RandomGroup): void {
  const node = group.upNode()
  node?.fault('stall')
  node?.step({ type: 'tick', isStalled: true })
}

function snapshot(group: RandomGroup): void {
  const { random } = group
  const node = random.chance(0.6) ? group.anyLeader() : group.upNode()
  node?.snapshot(random.chance(0.5) ? 0 : random.below(5))
}

function transfer(group: RandomGroup): void {
  const { random } = group
  const leader = group.anyLeader()
  leader?.fault('transfer')
  leader?.step({ type: 'transfer-requested', to: random.chance(0.3) ? null : (random.pick(group.nodes)?.id ?? null), context: {} })
}

/** Nobody is removed whom the group could not do without, now that some are gone: first those who are. */
function changeMembership(group: RandomGroup): void {
  const { random } = group
  const leader = group.anyLeader()
  if (leader?.node == null) return
  const subject = random.pick([...group.nodes, ...group.gone])?.id ?? ''
  const learner = random.pick(leader.node.membership.learners)
  const type = random.pick(['add-learner', 'remove'] as const) ?? 'remove'
  const change: MembershipChange = learner !== undefined && random.chance(0.5) ? { type: 'promote', id: learner } : { type, id: subject }
  if (change.type === 'add-learner' && group.gone.some(({ id }) => id === subject)) return
  if (group.gone.length > 0 && !group.survivesWithout(null, { leader, change })) return
  leader.fault('change')
  leader.changeMembership(change)
}
