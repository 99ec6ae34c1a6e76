import type { Survey } from '../contract/index.ts'
import type { AlertTable } from '../table/table.ts'
import type { Sinks } from './compile.ts'

/** What turns a survey's packets into the alert table. */
export interface SurveyReader {
  readonly survey: Survey
  readonly table: AlertTable
  readonly sinks: Sinks
  /**
   * Completes row `row` after its fields landed: sentinels to null, time, position, brightness,
   * history. Throws PacketError when the alert lacks what the table cannot do without.
   */
  finish(row: number, schemaVersion: string): void
  /** Takes the finished row for good: what comes after can't take it back. */
  keep(): void
  /** Forgets all that row `row` left behind: the packet failed, or was seen before. */
  rollback(row: number): void
}

/** Column paths the table cannot do without; a schema without one of each group is of no use. */
export const ESSENTIAL: Record<Survey, readonly (readonly string[])[]> = {
  ztf: [['candidate.candid', 'candid'], ['candidate.jd'], ['candidate.ra'], ['candidate.dec']],
  lsst: [
    ['diaSource.diaSourceId', 'diaSourceId'],
    ['diaSource.midpointMjdTai'],
    ['diaSource.ra'],
    ['diaSource.dec']
  ]
}
