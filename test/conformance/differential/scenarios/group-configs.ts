/** Configs of groups (KIP-848): who may set what, and what is shown of it. */
import {
  type Change,
  changeGroupConfigs,
  DESCRIBED_CONFIGS,
  describeGroupConfigs,
  listGroupConfigs,
  replaceGroupConfigs,
} from '../actions/configs.ts'
import { scenario, type Scenario, type Step } from '../scenario.ts'
import { versionsOf } from './versions.ts'

const [HEARTBEAT, SESSION] = DESCRIBED_CONFIGS
const ASSIGNMENT = 'consumer.assignment.interval.ms'

function about(title: string, steps: readonly Step[]): Scenario {
  return scenario(`group configs: ${title}`, steps)
}

const set = (name: string, value: string | null): Change => ['set', name, value]

const SET_AND_SHOWN: readonly Scenario[] = [
  about('set, shown, listed and removed', [
    describeGroupConfigs(),
    listGroupConfigs(),
    changeGroupConfigs([set(SESSION, '50000'), set(HEARTBEAT, '6000')], { gives: { [SESSION]: '50000', [HEARTBEAT]: '6000' } }),
    describeGroupConfigs(),
    listGroupConfigs(),
    changeGroupConfigs([['delete', HEARTBEAT, null]], { gives: { [SESSION]: '50000' } }),
    describeGroupConfigs(),
    changeGroupConfigs([['delete', SESSION, 'whatever']], { gives: {} }),
    describeGroupConfigs(),
    listGroupConfigs(),
  ]),
  about('replaced as a whole', [
    changeGroupConfigs([set(SESSION, '50000')], { gives: { [SESSION]: '50000' } }),
    replaceGroupConfigs([[HEARTBEAT, '7000']], { gives: { [HEARTBEAT]: '7000' } }),
    describeGroupConfigs(),
    replaceGroupConfigs([], { gives: {} }),
    describeGroupConfigs(),
  ]),
  about('set with blanks and a sign, and shown without', [
    changeGroupConfigs([set(SESSION, ' +050000 ')], { gives: { [SESSION]: '50000' } }),
    describeGroupConfigs(),
  ]),
  about('only some are asked for', [describeGroupConfigs('g', 4, [SESSION]), describeGroupConfigs('g', 4, ['no.such'])]),
  about('only looked at, and not set', [
    changeGroupConfigs([set(SESSION, '50000')], { validateOnly: true }),
    changeGroupConfigs([set(SESSION, '1')], { validateOnly: true }),
    replaceGroupConfigs([[SESSION, '50000']], { validateOnly: true }),
    describeGroupConfigs(),
  ]),
  about('a group without a name', [
    changeGroupConfigs([set(SESSION, '50000')], { group: '' }),
    replaceGroupConfigs([[SESSION, '50000']], { group: '' }),
    describeGroupConfigs(''),
  ]),
  ...versionsOf(0, 1).map((version) =>
    about(`incrementally in version ${version}`, [
      changeGroupConfigs([set(SESSION, '50000')], { version, gives: { [SESSION]: '50000' } }),
      changeGroupConfigs([set(SESSION, '1')], { version }),
    ]),
  ),
  ...versionsOf(0, 2).map((version) =>
    about(`as a whole in version ${version}`, [
      replaceGroupConfigs([[SESSION, '50000']], { version, gives: { [SESSION]: '50000' } }),
      replaceGroupConfigs([[SESSION, '1']], { version }),
    ]),
  ),
  ...versionsOf(1, 4).map((version) => about(`described in version ${version}`, [describeGroupConfigs('g', version)])),
]

const REFUSED: readonly Scenario[] = [
  about('values that are refused, and those beside them', [
    ...['x', '', '-1', '0', '44999', '60001', '2147483648', '50000.0'].map((value) => changeGroupConfigs([set(SESSION, value)])),
    ...['4999', '15001', '60000'].map((value) => changeGroupConfigs([set(HEARTBEAT, value)])),
    ...['-1', '15001'].map((value) => changeGroupConfigs([set(ASSIGNMENT, value)])),
    describeGroupConfigs(),
    ...['45000', '60000'].map((value) => changeGroupConfigs([set(SESSION, value)])),
    ...['5000', '15000'].map((value) => changeGroupConfigs([set(HEARTBEAT, value)])),
    ...['0', '15000'].map((value) => changeGroupConfigs([set(ASSIGNMENT, value)])),
  ]),
  about('names that are none, and no values', [
    changeGroupConfigs([set('no.such', '1')]),
    changeGroupConfigs([['delete', 'no.such', null]]),
    changeGroupConfigs([['append', 'no.such', '1']]),
    changeGroupConfigs([['append', SESSION, '1']]),
    changeGroupConfigs([['subtract', SESSION, '1']]),
    changeGroupConfigs([set(SESSION, null)]),
    changeGroupConfigs([set(SESSION, '50000'), set(SESSION, '51000')]),
    changeGroupConfigs([set(SESSION, '50000'), set('no.such', '1')]),
    replaceGroupConfigs([['no.such', '1']]),
    replaceGroupConfigs([[SESSION, null]]),
    replaceGroupConfigs([
      [SESSION, '50000'],
      [SESSION, '51000'],
    ]),
    describeGroupConfigs(),
  ]),
]

export const GROUP_CONFIGS: readonly Scenario[] = [...SET_AND_SHOWN, ...REFUSED]
