import type { Bin, Share, TopicCompleteness } from '../../engine/inject/completeness.ts'
import { count, table } from '../common/terminal.ts'

/** What one survey's topics found of what was injected. */
export interface InjectReport {
  readonly survey: string
  readonly night: number
  readonly source: string
  /** Looks at injected objects, and the alerts that they became. */
  readonly looks: number
  readonly alerts: number
  readonly topics: readonly TopicCompleteness[]
}

export function injectText({ survey, night, source, looks, alerts, topics }: InjectReport): string {
  const summary = table([
    ['class', 'topic', 'objects', 'findable', 'found', 'of findable', '95 %'],
    ...topics.map(({ class: name, topic, objects }) => [
      name,
      topic,
      count(objects.injected),
      count(objects.findable),
      count(objects.found),
      ...shareText(objects.completeness)
    ])
  ])
  const curves = topics.filter(({ objects }) => objects.found > 0).flatMap(curveText)
  return [
    `${survey}, like night ${night}: ${count(looks)} looks at injected objects, ${count(alerts)} alerts (source ${source})`,
    summary,
    ...curves
  ].join('\n')
}

function curveText({ class: name, topic, byMagnitude, byAge }: TopicCompleteness): string[] {
  return [
    '',
    `${topic}, ${name}, alert by alert`,
    binTable('magnitude', byMagnitude),
    ...(byAge.length > 0 ? [binTable('days', byAge)] : [])
  ]
}

function binTable(title: string, bins: readonly Bin[]): string {
  return table([
    [title, 'injected', 'findable', 'found', 'of findable', '95 %'],
    ...bins.map(({ from, to, injected, findable, found, completeness }) => [
      to === null ? `${from} and more` : `${from} to ${to}`,
      count(injected),
      count(findable),
      count(found),
      ...shareText(completeness)
    ])
  ])
}

function shareText(share: Share | null): [string, string] {
  if (share === null) return ['-', '-']
  const percent = (value: number) => (value * 100).toFixed(1)
  return [`${percent(share.share)} %`, `${percent(share.low)} to ${percent(share.high)}`]
}
