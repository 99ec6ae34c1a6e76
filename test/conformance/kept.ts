import type { Filter, LookupStatus, Need, Needs, Survey } from '#contract'
import { keptRows } from '#test'
import type { PlainColumns } from '#test'
import { placeOf } from '../../engine/place-of.ts'
import type { Alert } from './alerts.ts'
import { inTime } from './in-time.ts'
import { asError } from './load.ts'
import { madeUpAnswers } from './made-up.ts'

interface Given {
  /** Needs that are null in every alert. */
  readonly muted?: Needs
  /** As `askedBy` names it: what is another than usual. */
  readonly noisy?: string
  /** What all catalogues answer; left out: this and that. */
  readonly only?: LookupStatus
}

/** The rows a filter keeps. @throws when it breaks on any. */
export function kept(
  filter: Filter,
  survey: Survey,
  alerts: readonly Alert[],
  { muted = {}, noisy = '', only }: Given = {}
): number[] {
  const silent = new Set(Object.values(muted).map(({ column }) => column))
  const columns = needsOf(filter).map(({ column }) => [
    column,
    alerts.map((alert) => (silent.has(column) ? null : (alert[column] ?? null)))
  ])
  const who = `filter ${filter.name}`
  try {
    const own = Object.fromEntries(columns) as PlainColumns
    const plain = { ...own, ...answersAsColumns(filter, alerts, noisy, only ?? null) }
    return inTime(who, () => keptRows(filter, survey, plain))
  } catch (error) {
    const own = asError(error)
    if (own.message.startsWith('filter ')) throw own
    own.message = `${who} (${filter.owner}) threw: ${own.message}${placeOf(own)}`
    throw own
  }
}

/** Every need of a filter: its own and those of the blocks it uses. */
function needsOf(filter: Filter): Need<unknown>[] {
  const blocks = Object.values(filter.uses).flatMap(({ requires }) => Object.values(requires))
  return [...Object.values(filter.requires), ...blocks]
}

function answersAsColumns(
  { lookups = {} }: Filter,
  alerts: readonly Alert[],
  noisy: string,
  only: LookupStatus | null
): PlainColumns {
  const answers = madeUpAnswers(alerts, noisy, only).for(lookups)
  const columns = Object.entries(answers).flatMap(([name, readers]) =>
    Object.entries(readers).map(([key, reader]) => {
      const own = reader as { at(row: number): unknown }
      return [`${name}.${key}`, alerts.map((_, row) => own.at(row))]
    })
  )
  return Object.fromEntries(columns) as PlainColumns
}

/**
 * Rows that a filter keeps where a catalogue could not be asked, and does not keep for every answer that it could have given: only
 * `none` says that there is nothing.
 */
export function keptUnasked(
  filter: Filter,
  survey: Survey,
  alerts: readonly Alert[],
  only: 'not-covered' | 'unavailable'
): number[] {
  const found = new Set(kept(filter, survey, alerts, { only: 'found' }))
  const none = new Set(kept(filter, survey, alerts, { only: 'none' }))
  return kept(filter, survey, alerts, { only }).filter((row) => !found.has(row) || !none.has(row))
}
