/**
 * Who leads a partition: the five steps, the first that finds somebody decides.
 *
 * 1. the leader that there is, if it is in the ISR and may lead (before it the preferred one, if that is asked for);
 * 2. the first replica, in order of assignment, that is in the ISR and may lead;
 * 3. with nobody in the ISR: the first of the ELR, which lacks nothing that was committed;
 * 4. with nobody in the ELR either: whoever led last, which may have lost the end of its log;
 * 5. any replica, if the topic or an operator allows it: committed records may be lost.
 */

export interface Candidates {
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly elr: readonly number[]
  /** -1: none. */
  readonly leader: number
  readonly lastKnownLeader: number
  readonly mayLead: (brokerId: number) => boolean
  readonly allowsUncleanElection: boolean
  /** Rather the preferred leader than the one that there is. */
  readonly prefersFirst: boolean
}

export interface Choice {
  /** -1: nobody can lead now. */
  readonly leader: number
  readonly by: 'preference' | 'continuity' | 'isr' | 'elr' | 'last-known' | 'unclean' | 'nobody'
}

export function chooseLeader(candidates: Candidates): Choice {
  const { replicas, isr, elr, leader, lastKnownLeader, mayLead } = candidates
  const isInSync = (brokerId: number): boolean => isr.includes(brokerId) && mayLead(brokerId)
  const [preferred = -1] = replicas
  if (candidates.prefersFirst && isInSync(preferred)) return { leader: preferred, by: 'preference' }
  if (isInSync(leader)) return { leader, by: 'continuity' }
  const inSync = replicas.find(isInSync)
  if (inSync !== undefined) return { leader: inSync, by: 'isr' }
  if (isr.length === 0) {
    const eligible = replicas.find((brokerId) => elr.includes(brokerId) && mayLead(brokerId))
    if (eligible !== undefined) return { leader: eligible, by: 'elr' }
    if (elr.length === 0 && replicas.includes(lastKnownLeader) && mayLead(lastKnownLeader)) {
      return { leader: lastKnownLeader, by: 'last-known' }
    }
  }
  const any = candidates.allowsUncleanElection ? replicas.find(mayLead) : undefined
  return any === undefined ? { leader: -1, by: 'nobody' } : { leader: any, by: 'unclean' }
}
