/**
 * The settings that make a node part of a cluster: what they look like as text, and how they must fit together.
 *
 * A node with no list of controllers is a cluster of its own and needs none of this. A node with one is told who the controllers
 * are, and whether it is one of them must be the same in the list and in its roles: a node that believes otherwise would wait for
 * votes that nobody asks it for.
 */
import type { ConfigurationProblem } from './configuration-error.ts'
import type { SettingType } from './setting-type.ts'

export const NODE_ROLES = ['broker', 'controller'] as const

export type NodeRole = (typeof NODE_ROLES)[number]

/** Where a controller is reached. */
export interface ControllerVoter {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

const VOTER = /^(\d{1,10})@(?:\[([^\]\s]+)\]|([^\s/:@[\]]+)):(\d{1,5})$/
const NODE_ID_MAX = 2147483647
const PORT_MAX = 65535

export const nodeRoles: SettingType<readonly NodeRole[]> = {
  allowed: '"broker", "controller" or "broker,controller"',
  fromText: rolesFromText,
  fromValue: (value) => (typeof value === 'string' ? rolesFromText(value) : Array.isArray(value) ? rolesFrom(value) : undefined),
}

export const controllerVoters: SettingType<readonly ControllerVoter[]> = {
  allowed: 'a list of controllers, each once, as id@host:port with commas between',
  fromText: votersFromText,
  fromValue: (value) =>
    typeof value === 'string' ? votersFromText(value) : Array.isArray(value) ? distinct(value.map(voterFrom)) : undefined,
}

/** One controller as lists name it: `1@host:port`. */
export function parseVoter(text: string): ControllerVoter | undefined {
  const [, nodeId, bracketed, plain, port] = VOTER.exec(text.trim()) ?? []
  return nodeId === undefined ? undefined : voterFrom({ nodeId: Number(nodeId), host: bracketed ?? plain, port: Number(port) })
}

export function formatVoter({ nodeId, host, port }: ControllerVoter): string {
  return `${nodeId}@${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The settings that this file is about, and the places where they were given. */
export interface ClusterSettings {
  readonly nodeId: number
  readonly roles: readonly NodeRole[]
  readonly controllerQuorumVoters: readonly ControllerVoter[]
  readonly controllerHost: string | null
  readonly controllerPort: number | null
}

export function checkClusterSettings(
  settings: ClusterSettings,
  placeOf: (name: keyof ClusterSettings) => string,
): readonly ConfigurationProblem[] {
  const { nodeId, roles, controllerQuorumVoters: voters } = settings
  const isController = roles.includes('controller')
  const problems: ConfigurationProblem[] = []
  const report = (name: keyof ClusterSettings, message: string, hint: string): void => {
    problems.push({ place: placeOf(name), message, hint })
  }
  if (voters.length === 0) {
    if (!isController) report('roles', 'a node that is no controller must know where the controllers are', EXAMPLE)
    else if (!roles.includes('broker')) report('roles', 'a controller without a broker of its own must know its cluster', EXAMPLE)
    else if (settings.controllerPort !== null) report('controllerPort', 'a node alone listens for no other controller', EXAMPLE)
    return problems
  }
  const isListed = voters.some((voter) => voter.nodeId === nodeId)
  if (isController && !isListed) {
    const listed = voters.map((voter) => voter.nodeId).join(', ')
    report(
      'controllerQuorumVoters',
      `node ${nodeId} is a controller, but the list names only ${listed}`,
      `add ${nodeId}@host:port to the list, or give this node the role of a broker only`,
    )
  }
  if (!isController && isListed) {
    const hint = 'give it that role, or take it off the list'
    report('controllerQuorumVoters', `node ${nodeId} is in the list, but "controller" is not among its roles`, hint)
  }
  if (!isController && settings.controllerPort !== null) {
    report('controllerPort', `node ${nodeId} is no controller and listens for none`, 'leave it out')
  }
  return problems
}

const EXAMPLE = 'give controllerQuorumVoters, for example "1@host1:9093,2@host2:9093,3@host3:9093"'

/** Where the controller of this node listens for other nodes; null when there are none. */
export function controllerListener(
  settings: ClusterSettings & { readonly host: string },
): { readonly host: string; readonly port: number } | null {
  const { nodeId, host, roles, controllerQuorumVoters, controllerHost, controllerPort } = settings
  const own = controllerQuorumVoters.find((voter) => voter.nodeId === nodeId)
  if (own === undefined || !roles.includes('controller')) return null
  return { host: controllerHost ?? host, port: controllerPort ?? own.port }
}

function rolesFromText(text: string): readonly NodeRole[] | undefined {
  return rolesFrom(text.split(',').map((role) => role.trim()))
}

/** In the order of `NODE_ROLES`, whatever the order they were given in. */
function rolesFrom(given: readonly unknown[]): readonly NodeRole[] | undefined {
  const roles = NODE_ROLES.filter((role) => given.includes(role))
  return roles.length > 0 && roles.length === given.length ? roles : undefined
}

function votersFromText(text: string): readonly ControllerVoter[] | undefined {
  return distinct(text.split(',').map(parseVoter))
}

function distinct(voters: readonly (ControllerVoter | undefined)[]): readonly ControllerVoter[] | undefined {
  const known = voters.filter((voter) => voter !== undefined)
  if (known.length < voters.length) return undefined
  const ids = new Set(known.map(({ nodeId }) => nodeId))
  const addresses = new Set(known.map(({ host, port }) => `${host} ${port}`))
  return ids.size === known.length && addresses.size === known.length ? known : undefined
}

function voterFrom(value: unknown): ControllerVoter | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { nodeId, host, port } = value as { readonly [Name in keyof ControllerVoter]?: unknown }
  if (!isWhole(nodeId, 0, NODE_ID_MAX) || !isWhole(port, 1, PORT_MAX)) return undefined
  return typeof host === 'string' && /^[^\s/@[\]]+$/.test(host) ? { nodeId, host, port } : undefined
}

function isWhole(value: unknown, minimum: number, maximum: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum
}
