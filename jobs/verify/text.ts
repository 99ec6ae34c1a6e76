import type { Verdict } from '../../engine/verify/verify.ts'
import type { Reach } from '../../engine/verify/scope.ts'
import type { KafkaVerdict } from '../../engine/reconcile/reconcile.ts'
import { amount, count, table } from '../common/terminal.ts'

/** What was found; `kafka` is null where Kafka was not looked at. */
export interface LakeVerdict extends Verdict {
  /** Parts of it came from Kafka. */
  readonly streamed: boolean
  /** How much of it was looked at. */
  readonly reach: Reach
  readonly kafka: KafkaVerdict | null
}

const SHOWN = 20

/** A verdict for people: the account, what Kafka says, then every difference. */
export function verdictText(verdict: LakeVerdict, lake: string): string {
  const { differences, notes, kafka, streamed, requeued, lost, acknowledged, reach } = verdict
  const quarantined = Object.values(verdict.quarantined).reduce((sum, n) => sum + n, 0)
  const rows = [
    ['received', count(verdict.received)],
    ['alerts', count(verdict.alerts)],
    ['quarantined', count(quarantined)],
    ...(requeued > 0 ? [['requeued', count(requeued)]] : []),
    ['duplicates', count(verdict.duplicates)],
    ...copiesRows(verdict),
    ...(lost > 0 ? [['lost', count(lost)]] : []),
    ...(acknowledged > 0 ? [['lost, acknowledged', count(acknowledged)]] : []),
    ['nights', count(Object.keys(verdict.nights).length)],
    ['topics', count(Object.keys(verdict.topics).length)]
  ]
  const whole = kafka ? ', once, in the lake, the group and the topics' : ', once'
  const head = verdict.ok
    ? `${of(reach)}${lake} is whole: every packet is accounted for${whole}${withCopies(verdict)}`
    : `${of(reach)}${lake} is not whole: ${amount(differences.length, 'difference')}`
  const unseen =
    streamed && !kafka && reach.night === null && reach.since === null
      ? ['a stream filled it: its topics and positions in Kafka were not looked at (--brokers)']
      : []
  const named =
    notes.length > 0
      ? some(
          notes.map((note) => `note: ${note}`),
          '\n'
        ).split('\n')
      : []
  const live = kafka ? ['', kafkaText(verdict, kafka), ''] : []
  const told = differences.length > 0 ? some(differences, '\n').split('\n') : []
  return [head, table(rows), ...live, ...unseen, ...named, ...told].join('\n').trimEnd()
}

function of({ night, since }: Reach): string {
  if (night !== null) return `night ${night} of `
  if (since === null) return ''
  return since === 'last'
    ? 'what came since it was last found whole into '
    : `what came since ${new Date(since).toISOString()} into `
}

/** Copies make no lake less whole, but whoever counts alerts must know of them. */
function withCopies({ copies, revisions }: LakeVerdict): string {
  const told = [
    ...(copies > 0 ? [`${amount(copies, 'alert')} again from another source`] : []),
    ...(revisions > 0 ? [`${amount(revisions, 'alert')} again with other bytes`] : [])
  ]
  return told.length > 0 ? `; it holds ${told.join(' and ')}` : ''
}

function copiesRows({ copies, revisions, distinct, copied }: LakeVerdict): string[][] {
  if (copies + revisions === 0) return []
  const ids = `of ${copied.slice(0, 5).join(', ')}${copied.length > 5 ? ', …' : ''}`
  return [
    ['distinct alerts', count(distinct)],
    ...(copies > 0 ? [['copies', count(copies), ids]] : []),
    ...(revisions > 0 ? [['revisions', count(revisions), copies > 0 ? '' : ids]] : [])
  ]
}

function kafkaText({ nights: alerts }: LakeVerdict, kafka: KafkaVerdict): string {
  const { group, members, sources, nights } = kafka
  const work = members === 0 ? 'nobody at work' : `${count(members)} at work`
  const bySource = sources.map(({ source, parts, lake, group: position, waiting, state }) => [
    source,
    count(parts),
    count(lake),
    position === null ? '-' : count(position),
    waiting === null ? '-' : count(waiting),
    state
  ])
  const byNight = [...new Set([...Object.keys(alerts), ...Object.keys(nights)])]
    .sort()
    .map((night) => {
      const counts = nights[night]
      const { selected = 0, found = 0, expired = 0, missing = 0, doubled = 0 } = counts ?? {}
      return [
        ...night.split('/'),
        count(alerts[night] ?? 0),
        ...[selected, found, expired, missing, doubled].map((number) => count(number))
      ]
    })
  return [
    `group ${group}, ${work}`,
    table([['source', 'parts', 'lake ends at', 'group at', 'waiting', ''], ...bySource]),
    '',
    table([
      ['survey', 'night', 'alerts', 'selected', 'in topics', 'expired', 'missing', 'doubled'],
      ...byNight
    ])
  ].join('\n')
}

function some(lines: readonly string[], glue: string): string {
  const more =
    lines.length > SHOWN ? `${glue}… and ${lines.length - SHOWN} more (--json has all)` : ''
  return lines.slice(0, SHOWN).join(glue) + more
}
