import { defineFilter, id, ids, number, numbers } from '#contract'
import type { Predicate, Readers } from '#contract'
import { eruptsFast, fixed, notKnownSolarSystem, positive, sound } from '../blocks.ts'

const NEW_FOR = 2

const requires = {
  mjd: number('mjd', 'd'),
  detections: number('detections.n_survey', ''),
  start: number('detections.start_mjd', 'd'),
  age: number('detections.age', 'd'),
  object: id('lsst.diaSource.diaObjectId'),
  pastId: ids('history_id'),
  pastMjd: numbers('history_mjd', 'd')
}

export default defineFilter({
  name: 'new_source',
  version: '2.2.0',
  topic: 'new-source',
  about:
    'A source that the survey first detected within the last two days, and that does not move.',
  owner: 'Siskin team',
  seeks: {
    classes: [
      'sn_ia',
      'sn_ii',
      'sn_ibc',
      'sn_iin',
      'slsn',
      'tde',
      'kilonova',
      'grb',
      'cv',
      'flare',
      'microlensing'
    ],
    phase: 'new'
  },
  requires,
  uses: { eruptsFast, fixed, notKnownSolarSystem, positive, sound },
  keep({ survey, columns, blocks }) {
    const isNew = survey === 'ztf' ? newForZtf(columns) : newForLsst(columns)
    return (row) => {
      if (!((columns.age.at(row) ?? Infinity) <= NEW_FOR) || !blocks.positive(row)) return false
      return (
        blocks.sound(row) &&
        blocks.fixed(row) &&
        blocks.eruptsFast(row) &&
        blocks.notKnownSolarSystem(row) &&
        isNew(row)
      )
    }
  }
})

/** ZTF counts from 3 sigma on since it began: `jdstarthist`. */
function newForZtf({ mjd, detections, start }: Readers<typeof requires>): Predicate {
  return (row) => {
    const since = start.at(row)
    const now = mjd.at(row)
    return now !== null && since !== null && detections.at(row) !== null && now - since <= NEW_FOR
  }
}

/** LSST names an object by its first source: it is new when that is in the packet, and young. */
function newForLsst({ mjd, object, pastId, pastMjd }: Readers<typeof requires>): Predicate {
  return (row) => {
    const now = mjd.at(row)
    const name = object.at(row)
    if (now === null || name === null || name === 0n) return false
    const first = pastId.at(row).indexOf(name)
    return first >= 0 && now - pastMjd.at(row)[first]! <= NEW_FOR
  }
}
