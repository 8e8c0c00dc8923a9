/**
 * One run of a plan: a storm of faults under load, then calm, then a look at what is left.
 *
 * Safety is watched all the time; that things work again is asked only after the faults ended, with deadlines.
 */
import type { ClusterImage } from '@millrace/metadata'
import { ReadsAgree } from '../checkers/reads-agree.ts'
import { eligibleLeaders } from '../checkers/eligible-leaders.ts'
import { highWatermarks } from '../checkers/high-watermarks.ts'
import { inSyncHoldCommitted } from '../checkers/in-sync-hold-committed.ts'
import { oneLeaderPerEpoch } from '../checkers/one-leader-per-epoch.ts'
import { rareStates } from '../checkers/rare-states.ts'
import { sameMetadata } from '../checkers/same-metadata.ts'
import type { Look } from '../checkers/watched-node.ts'
import { ControlNetwork } from '../control/control-network.ts'
import type { Atlas } from '../faults/atlas.ts'
import { FaultInjector } from '../faults/fault-injector.ts'
import { administer } from '../workload/administering.ts'
import { consume } from '../workload/consuming.ts'
import { History } from '../workload/history.ts'
import { MetadataHistory } from '../workload/metadata-history.ts'
import { overtake } from '../workload/overtaking.ts'
import { probe } from '../workload/probing.ts'
import { produce } from '../workload/producing.ts'
import { COPIES, groupConfigs, Groups } from '../workload/groups/groups.ts'
import { TRANSACTION_CONFIGS, Transfers, TRANSFERS } from '../workload/transactions/transfers.ts'
import { Cluster } from '../world/cluster.ts'
import type { Host } from '../world/host.ts'
import { Operator } from '../world/operator.ts'
import { Repairs } from '../world/repairs.ts'
import { World } from '../world/world.ts'
import { atlasOf } from './atlas-of.ts'
import {
  areAllActive,
  areAllInSync,
  areAllLed,
  describePartitions,
  isJoining,
  leadersOf,
  newestImage,
  roleOf,
  successionOf,
} from './cluster-state.ts'
import { Deadlines } from './deadlines.ts'
import { LastLook } from './last-look.ts'
import { Machines } from './machines.ts'
import { addressOf, clientNames, nodeNames, TOPIC, TRANSACTION_STATE, voter } from './names.ts'
import { newTopics } from './new-topics.ts'
import type { Outcome } from './outcome.ts'
import { doRecordsRot, doVotersLoseDisks, nodesOfRottenMetadata, type Plan } from './plan.ts'

const CLUSTER_ID = 'c2ltdWxhdGVkLWNsdXN0ZQ'
/** Everything has to come up, and work, within this after the faults ended. */
const LIVELY_WITHIN_MS = 30_000
const SCRUBBED_WITHIN_MS = 2_000
const BROKERS_WITHIN_MS = 30_000
const CONTROLLER_WITHIN_MS = 10_000
/** Those with new disks are given their votes one after the other, and one that was not heard of for a minute starts anew. */
const VOTES_WITHIN_MS = 90_000
const LEADERS_WITHIN_MS = 20_000
const GROUPS_WITHIN_MS = 30_000
/** Each transaction takes several ways across the network, one after the other. */
const COPIED_WITHIN_MS = 120_000
const IN_SYNC_WITHIN_MS = 60_000
const REPAIRED_WITHIN_MS = 60_000
/** Faults keep members from what takes several things that go well, one after the other. */
const RESTLESS_MS = 8_000
const COORDINATOR_DOWN_MS = 10
const CLOCKS_GO_BACK_MS = 3_600_000
const EVENTS_PER_LOOK = 10

export async function runSimulation(plan: Plan): Promise<Outcome> {
  const run = new Run(plan)
  await run.world.run(() => run.script())
  return run.outcome()
}

class Run {
  readonly world: World
  readonly #plan: Plan
  readonly #machines: Machines
  readonly #cluster: Cluster
  readonly #deadlines: Deadlines
  readonly #clients = new Map<string, Host>()
  readonly #atlas: Atlas
  readonly #faults: FaultInjector
  readonly #history = new History()
  readonly #metadata = new MetadataHistory()
  readonly #agree: ReadsAgree
  readonly #transfers: Transfers | null
  readonly #groups: Groups | null
  readonly #repairs: Repairs
  /** Null where no controller loses its disk. */
  #operator: Operator | null = null
  #isOver = false

  constructor(plan: Plan) {
    this.#plan = plan
    const { knobs, seed } = plan
    const { latencyMsMax, bytesPerMs, chunkBytesMax, windowBytes } = knobs
    this.world = new World({ seed, network: { latencyMsMin: 0.05, latencyMsMax, bytesPerMs, chunkBytesMax, windowBytes } })
    this.#machines = new Machines(this.world, plan)
    const random = this.world.streams.stream('hosts')
    const config = {
      'auto.create.topics.enable': 'false',
      'log.flush.offset.checkpoint.interval.ms': String(knobs.checkpointIntervalMs),
      ...TRANSACTION_CONFIGS,
      ...(plan.groups > 0 ? groupConfigs(plan) : {}),
      'replica.lag.time.max.ms': String(knobs.lagTimeMaxMs),
    }
    const { snapshotBytes, trailingEntries } = knobs
    const scrub = doRecordsRot(plan) ? { scrubIntervalMs: knobs.scrubIntervalMs } : {}
    const voters = plan.nodes === 1 ? [] : Array.from({ length: plan.controllers }, (_, index) => voter(index + 1))
    const nodes = nodeNames(plan).map((name, index) => {
      const address = addressOf(index + 1)
      const options = { nodeId: index + 1, clusterId: CLUSTER_ID, address, config, snapshotBytes, trailingEntries, ...scrub, voters }
      return { name, host: this.#machines.add(name, address, random), options }
    })
    const { scheduler, fabric, streams } = this.world
    const chaos = { lossChance: knobs.messageLossChance, repeatChance: knobs.messageRepeatChance, jitterMs: knobs.messageJitterMs }
    const control = new ControlNetwork({ scheduler, fabric, random: streams.stream('control'), chaos })
    this.#cluster = new Cluster(this.world, control, nodes)
    this.#deadlines = new Deadlines(this.world, this.#cluster)
    clientNames(plan).forEach((name, index) => this.#clients.set(name, this.#machines.add(name, `10.0.1.${index + 1}`, random)))
    const { world } = this
    this.#atlas = atlasOf(plan, this.#cluster)
    this.#repairs = new Repairs(world, this.#cluster, () => newestImage(this.#cluster.watched()))
    this.#faults = new FaultInjector({
      world,
      cluster: this.#cluster,
      clients: this.#clients,
      roleOf: (node) => roleOf(this.#cluster, node),
      isJoining: (node) => isJoining(this.#cluster, node),
      succession: (place) => successionOf(this.#cluster, TRANSACTION_STATE, place),
      atlas: this.#atlas,
      lateCalls: control.lateCalls,
    })
    this.#watch()
    this.#agree = new ReadsAgree(plan.partitions, this.#history, (message) => world.violate('reads agree', message))
    const { brokers } = this.#machines
    const onRead = (who: string, partition: number, offset: number, value: string): void =>
      this.#agree.observe(who, partition, offset, value)
    this.#groups = plan.groups > 0 ? new Groups({ world, plan, topic: TOPIC, brokers, history: this.#history, onRead }) : null
    this.#transfers = plan.transactionalProducers > 0 ? new Transfers({ world, partitions: plan.partitions, brokers }) : null
  }

  async script(): Promise<void> {
    const { world } = this
    await this.#cluster.format()
    for (const name of this.#cluster.names) this.#cluster.start(name)
    await this.#deadlines.until(BROKERS_WITHIN_MS, 'every broker takes part', () => areAllActive(this.#cluster.watched(), this.#plan.nodes))
    await this.#createTopic()
    const clients = [...this.#clients].map(([name, host]) => this.#startClient(name, host))
    clients.push(...this.#startOperator())
    this.#faults.plan(this.#plan.faults)
    await world.sleep(this.#plan.stormMs)
    this.#faults.healAll()
    await this.#healCore()
    await this.#healAll()
    await this.#settleGroups()
    this.#isOver = true
    await this.#deadlines.within(LIVELY_WITHIN_MS, 'every client comes to an end', () => Promise.all(clients.map((client) => client())))
    await this.#endGroups()
    const [plan, cluster, machines, deadlines] = [this.#plan, this.#cluster, this.#machines, this.#deadlines]
    const [history, metadata, agree, transfers, groups] = [this.#history, this.#metadata, this.#agree, this.#transfers, this.#groups]
    await new LastLook({ world, plan, cluster, machines, deadlines, history, metadata, agree, transfers, groups }).atEverything()
  }

  outcome(): Outcome {
    const { violation, trace, scheduler, reached } = this.world
    const state = describePartitions(this.#cluster.watched())
    return {
      violation,
      traceHash: trace.hash,
      events: scheduler.eventCount,
      simulatedMs: scheduler.nowMs,
      reached,
      hits: this.#faults.hits,
      acknowledged: this.#history.sent.filter(({ outcome }) => outcome === 'acknowledged').length,
      disks: new Map(this.#cluster.names.map((name) => [name, this.#cluster.host(name).disk.memory])),
      trace: (who) => trace.lines(who),
      story: (who) => [...trace.story(who), ...state],
    }
  }

  #watch(): void {
    const { world } = this
    const complain =
      (rule: string) =>
      (message: string): void =>
        world.violate(rule, message)
    const looks: readonly Look[] = [
      oneLeaderPerEpoch(complain('one leader per epoch')),
      highWatermarks(complain('high watermarks')),
      inSyncHoldCommitted(complain('in sync hold what is committed')),
      sameMetadata(complain('same metadata')),
      rareStates((state) => world.sometimes(state)),
    ]
    this.#cluster.onImage(eligibleLeaders(complain('eligible leaders')))
    let events = 0
    world.watch(() => {
      events += 1
      if (events % EVENTS_PER_LOOK !== 0) return
      const nodes = this.#cluster.watched()
      for (const look of looks) look(nodes)
    })
  }

  /** A client on the machine of that name, with its share of the work; the returned function waits until it is done. */
  #startClient(name: string, host: Host): () => Promise<void> {
    const world = this.world
    const transfers = this.#transfers
    const groups = this.#groups
    const random = world.streams.stream(`workload ${name}`)
    const isOver = (): boolean => this.#isOver
    if (transfers !== null && name.startsWith('transactor')) {
      const work = transfers.transact(host.boot().runtime, { name, random, isOver })
      return () => work.then(() => host.crash('process'))
    }
    if (groups !== null && name.startsWith('member')) {
      groups.begin(host, Number(name.split('-')[1]) - 1, random)
      return async () => {}
    }
    const observe = (partition: number, offset: number, value: string): void => this.#agree.observe(name, partition, offset, value)
    if (name.startsWith('overtaker')) {
      const { partitions, sendEveryMs } = this.#plan
      const sending = { partitions, sendEveryMs, history: this.#history, onAcknowledged: observe, topic: TOPIC }
      const work = overtake({ world, runtime: host.boot().runtime, name, brokers: this.#machines.brokers, random, isOver, ...sending })
      return () => work.then(() => host.crash('process'))
    }
    const client = this.#machines.client(host)
    const shared = { world, client, topic: TOPIC, plan: this.#plan, random, isOver, name }
    const work = name.startsWith('consumer')
      ? consume({ ...shared, onRead: observe })
      : transfers !== null && name.startsWith('auditor')
        ? transfers.audit(client, shared)
        : name.startsWith('admin')
          ? administer({ ...shared, replicationFactor: this.#plan.replicationFactor, history: this.#metadata })
          : produce({ ...shared, isIdempotent: name.startsWith('producer'), history: this.#history, onAcknowledged: observe })
    return async () => {
      await work
      await client.close()
      host.crash('process')
    }
  }

  /** As a client like the others; none where no controller loses its disk. */
  #startOperator(): readonly (() => Promise<void>)[] {
    if (!doVotersLoseDisks(this.#plan)) return []
    const host = this.#machines.addNamed('operator', '10.0.2.3')
    const operator = new Operator(this.world, this.#cluster, this.#machines.client(host))
    this.#operator = operator
    const work = operator.work()
    return [
      async () => {
        operator.stop()
        await work
        host.crash('process')
      },
    ]
  }

  async #createTopic(): Promise<void> {
    const host = this.#machines.addNamed('setup', '10.0.2.1')
    const client = this.#machines.client(host)
    const names = [TOPIC, ...(this.#transfers === null ? [] : [TRANSFERS]), ...(this.#groups?.areCopying === true ? [COPIES] : [])]
    const topics = newTopics(names, this.#plan)
    const create = async (): Promise<void> => {
      await client.admin().createTopics(topics)
    }
    await this.#deadlines.within(LIVELY_WITHIN_MS, 'a topic is created', create)
    await client.close()
    host.crash('process')
  }

  /** A majority of the controllers is enough to decide; the others may stay away. */
  async #healCore(): Promise<void> {
    const { streams } = this.world
    const random = streams.stream('heal')
    const { names } = this.#cluster
    const rotten = nodesOfRottenMetadata(this.#plan)
    const shuffled = random.shuffled(names.slice(0, this.#plan.controllers))
    // Whose metadata was damaged may not count before it has caught up: it is missed first.
    const controllers = shuffled.toSorted((one, other) => Number(rotten.has(other)) - Number(rotten.has(one)))
    const mayBeAway = random.chance(0.5) && this.#operator === null
    const fewest = mayBeAway ? controllers.slice(0, Math.floor((controllers.length - 1) / 2)) : []
    const away = fewest.filter((name) => this.#cluster.running(name) === null || this.#atlas.mayCrash(name))
    for (const name of away) this.#cluster.keepDown(name, 'process')
    for (const name of names) if (!away.includes(name)) this.#cluster.start(name)
    await this.#deadlines.until(CONTROLLER_WITHIN_MS, 'a majority has an active controller', () => this.#hasActiveController())
  }

  async #healAll(): Promise<void> {
    for (const name of this.#cluster.names) this.#cluster.start(name)
    const image = (): ClusterImage | undefined => newestImage(this.#cluster.watched())
    await this.#deadlines.until(CONTROLLER_WITHIN_MS, 'there is an active controller', () => this.#hasActiveController())
    await this.#deadlines.until(VOTES_WITHIN_MS, 'every controller votes', () => this.#operator?.isDone ?? true)
    await this.#deadlines.until(LEADERS_WITHIN_MS, 'every partition has a leader', () => areAllLed(image()))
    await this.#deadlines.within(LIVELY_WITHIN_MS, 'every partition takes records again', () => this.#produceEverywhere())
    await this.#findWhatRotted()
    const areInSync = (): boolean => this.#repairs.areDone && areAllInSync(this.#cluster.watched(), this.#plan.nodes)
    await this.#deadlines.until(IN_SYNC_WITHIN_MS, 'every replica is in sync', areInSync)
  }

  /** It is found when all has been read through, and that begins anew with each start: also with one that a repair takes. */
  async #findWhatRotted(): Promise<void> {
    if (!doRecordsRot(this.#plan)) return
    const roundsMs = 2 * this.#plan.knobs.scrubIntervalMs + SCRUBBED_WITHIN_MS
    await this.world.sleep(roundsMs)
    const isFound = (): boolean => this.#repairs.areDone && this.#repairs.readingMs >= roundsMs
    await this.#deadlines.until(REPAIRED_WITHIN_MS + roundsMs, 'every log was read through and repaired', isFound)
  }

  /** Members go on for a while, now that they get further. Then nobody dies any more, and nobody leaves: each group comes to rest. */
  async #settleGroups(): Promise<void> {
    const groups = this.#groups
    if (groups === null) return
    await this.world.sleep(RESTLESS_MS)
    groups.calmDown()
    await this.#deadlines.until(GROUPS_WITHIN_MS, 'every group comes to rest', () => groups.areSettled())
  }

  /** When they have read what producers left. */
  async #endGroups(): Promise<void> {
    const groups = this.#groups
    if (groups === null) return
    const limitMs = groups.areCopying ? COPIED_WITHIN_MS : LIVELY_WITHIN_MS
    await this.#deadlines.until(limitMs, 'every group reads to the end', () => groups.haveReadAll(this.#cluster.watched()))
    if (this.#plan.groupEnd === 'leave') return this.#deadlines.within(LIVELY_WITHIN_MS, 'every member leaves', () => groups.end())
    await groups.die()
    switch (this.#plan.groupEnd) {
      case 'die-and-fail-over':
        for (const name of leadersOf(this.#cluster, '__consumer_offsets')) this.#cluster.crash(name, 'process', COORDINATOR_DOWN_MS)
        break
      case 'die-and-clocks-go-back':
        for (const name of this.#cluster.names) this.#cluster.host(name).clock.jump(-CLOCKS_GO_BACK_MS)
        break
    }
  }

  #hasActiveController(): boolean {
    return this.#cluster.names.some((name) => this.#cluster.isActiveController(name))
  }

  async #produceEverywhere(): Promise<void> {
    const host = this.#machines.addNamed('probe', '10.0.2.2')
    const client = this.#machines.client(host)
    const { partitions } = this.#plan
    const sentMs = this.world.scheduler.nowMs
    await probe({ client, topic: TOPIC, partitions, deliveryTimeoutMs: LIVELY_WITHIN_MS, history: this.#history, sentMs })
    await client.close()
    host.crash('process')
  }
}
