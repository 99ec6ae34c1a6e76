import type { Survey } from '../contract/index.ts'
import type { Store } from '../store/store.ts'

/** A Parquet file of alerts in the lake. */
export interface AlertFile {
  readonly survey: Survey
  /** YYYYMMDD, as the name of its folder says. */
  readonly night: number
  readonly path: string
  readonly bytes: number
}

/** Nights from the first to the last, both with it. */
export interface Nights {
  readonly first: number
  readonly last: number
}

/** True for a night among these; null: all. */
export function isAmong(night: number, nights: Nights | null): boolean {
  return nights === null || (night >= nights.first && night <= nights.last)
}

const SURVEYS: readonly Survey[] = ['ztf', 'lsst']

/** The nights of a lake by survey, ascending. */
export async function nightsIn(store: Store, survey: Survey): Promise<number[]> {
  const folders = await store.entries(`${survey}/alerts`)
  return folders.flatMap(({ name }) => nightOf(name) ?? []).sort((a, b) => a - b)
}

function nightOf(folder: string): number | null {
  const digits = /^night=(\d{8})$/.exec(folder)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** The files of alerts of some nights, or of all; night by night, in the order of their names. */
export async function alertFiles(store: Store, nights: Nights | null): Promise<AlertFile[]> {
  const files: AlertFile[] = []
  for (const survey of SURVEYS) {
    for (const night of await nightsIn(store, survey)) {
      if (!isAmong(night, nights)) continue
      const found = await store.list(`${survey}/alerts/night=${night}`)
      const own = found.filter(({ path }) => path.endsWith('.parquet'))
      files.push(...own.map(({ path, size }) => ({ survey, night, path, bytes: size })))
    }
  }
  return files
}
