import type { Survey } from '#contract'
import { ALERT_COLUMNS } from '../../engine/table/schema.ts'
import type { AlertColumn } from '../../engine/table/schema.ts'
import { Dice } from './dice.ts'

/** One made-up alert: a value, null or a list by column name; columns of modules too once they ran. */
export type Alert = Record<string, unknown>

const BANDS: Record<Survey, readonly string[]> = {
  ztf: ['g', 'r', 'i'],
  lsst: ['u', 'g', 'r', 'i', 'z', 'y']
}
const TWENTY_MINUTES = 20 / 1440

/**
 * Alerts of no survey's sky, made so that every rule of every module is met: curves of 1 to 40
 * epochs, few and many detections, with and without counterparts, some fields not sent.
 */
export function goldenAlerts(survey: Survey, count: number, seed = 1): Alert[] {
  const dice = new Dice(seed)
  const science = new Dice(seed + 1)
  const made = Array.from({ length: count }, (_, i) => makeAlert(survey, i, dice))
  return made.map((alert) => ({ ...alert, ...scienceFluxes(survey, alert, science) }))
}

/** The columns that exist for a survey. */
export function columnsOf(survey: Survey): AlertColumn[] {
  const other = survey === 'ztf' ? 'lsst.' : 'ztf.'
  return ALERT_COLUMNS.filter(({ name }) => !name.startsWith(other))
}

/** An alert that says nothing at all. */
export function silentAlert(survey: Survey): Alert {
  return Object.fromEntries(columnsOf(survey).map(({ name, list }) => [name, list ? [] : null]))
}

function makeAlert(survey: Survey, i: number, dice: Dice): Alert {
  const alert: Alert = {}
  for (const def of columnsOf(survey)) alert[def.name] = def.list ? [] : anyValue(def, dice)
  const mjd = 60_000 + i * 0.37
  const flux = dice.normal() * 2e4 + 2e4
  Object.assign(alert, {
    alert_id: 2_000_000_000_000_000_000n + BigInt(i),
    object_id: `object${i % 50}`,
    survey,
    night: 20230225,
    mjd,
    band: dice.pick(BANDS[survey]),
    flux: dice.chance(0.03) ? null : flux,
    flux_err: dice.chance(0.03) ? null : Math.abs(flux) * dice.between(0.02, 0.4) + 1,
    is_positive: flux > 0
  })
  Object.assign(alert, makeHistory(survey, alert, dice))
  const id = alert['alert_id'] as bigint
  Object.assign(alert, survey === 'ztf' ? ztfFields(mjd, dice) : lsstFields(id, mjd, dice))
  return alert
}

/** A value of the column's type; now and then null. */
function anyValue({ type }: AlertColumn, dice: Dice): unknown {
  if (dice.chance(0.05)) return null
  switch (type) {
    case 'int64':
      return BigInt(dice.whole(1, 1e9))
    case 'int32':
      return dice.whole(0, 30)
    case 'bool':
      return dice.chance(0.05)
    case 'utf8':
      return dice.pick(['one', 'two', 'three'])
    default:
      return Math.fround(dice.between(0, 20))
  }
}

function makeHistory(survey: Survey, alert: Alert, dice: Dice): Alert {
  const epochs = dice.chance(0.4) ? dice.whole(1, 4) : dice.whole(2, 40)
  const history: Record<string, unknown[]> = {}
  const add = (name: string, value: unknown) => (history[`history_${name}`] ??= []).push(value)
  const now = alert['mjd'] as number
  const onSource = dice.chance(0.6)
  let before = now - (epochs === 2 && dice.chance(0.5) ? TWENTY_MINUTES : dice.between(1, 30))
  for (let i = 0; i < epochs; i++) {
    const isLast = i === epochs - 1
    const detected = isLast || dice.chance(0.65)
    const flux = isLast ? alert['flux'] : dice.normal() * 8e3 + 2e4
    const forced = survey === 'lsst' && !isLast && dice.chance(0.3)
    const unseen = survey === 'ztf' && !detected
    add('mjd', isLast ? now : before)
    add('band', isLast ? alert['band'] : dice.pick(BANDS[survey]))
    add('flux', unseen ? null : flux)
    add('flux_err', unseen ? null : isLast ? alert['flux_err'] : dice.between(500, 5000))
    add('mag_limit', survey === 'ztf' ? Math.fround(dice.between(19, 21)) : null)
    add('detected', detected)
    add('forced', forced)
    add('id', isLast ? alert['alert_id'] : BigInt(dice.whole(1, 1e9)))
    add('ra', detected ? alert['ra'] : null)
    add('dec', detected ? alert['dec'] : null)
    add('reliability', detected ? Math.fround(dice.between(0, 1)) : null)
    add('ref_flux', unseen ? null : dice.between(1e3, 1e5))
    add('ref_flux_err', unseen ? null : dice.between(100, 3000))
    add('ref_distance', unseen ? null : onSource ? dice.between(0, 2) : dice.between(2, 10))
    before += ((now - before) * dice.between(0.2, 1.8)) / (epochs - i)
  }
  return history
}

/** Flux of the object itself; LSST alone sends it, and not always, nor its error. */
function scienceFluxes(survey: Survey, alert: Alert, dice: Dice): Alert {
  const epochs = alert['history_mjd'] as unknown[]
  const sometimes = (low: number, high: number) =>
    epochs.map(() => (survey === 'ztf' || dice.chance(0.2) ? null : dice.between(low, high)))
  return {
    history_science_flux: sometimes(-1e3, 1e5),
    history_science_flux_err: sometimes(100, 3000)
  }
}

function ztfFields(mjd: number, dice: Dice): Alert {
  const moving = dice.chance(0.3)
  return {
    'ztf.rb': Math.fround(dice.between(0.3, 1)),
    'ztf.drb': dice.chance(0.2) ? null : Math.fround(dice.between(0.2, 1)),
    'ztf.nbad': dice.chance(0.9) ? 0 : 1,
    'ztf.magdiff': dice.chance(0.05) ? null : Math.fround(dice.normal() * 0.08),
    'ztf.ndethist': dice.pick([1, 2, 2, 3, 5, 30, null]),
    'ztf.jdstarthist': dice.chance(0.05)
      ? null
      : mjd + 2_400_000.5 - dice.between(0, dice.chance(0.3) ? 2 : 900),
    'ztf.magnr': dice.chance(0.1) ? null : Math.fround(dice.between(14, 21)),
    'ztf.sigmagnr': dice.chance(0.1) ? null : Math.fround(dice.between(0.01, 0.3)),
    'ztf.distnr': dice.chance(0.1) ? null : Math.fround(dice.between(0, 3)),
    'ztf.chinr': dice.chance(0.3) ? null : Math.fround(dice.between(0.2, 2.5)),
    'ztf.sharpnr': dice.chance(0.3) ? null : Math.fround(dice.between(-1, 1)),
    'ztf.sgscore1': dice.chance(0.3) ? null : Math.fround(dice.between(0, 1)),
    'ztf.distpsnr1': dice.chance(0.3) ? null : Math.fround(dice.between(0, 8)),
    'ztf.ssdistnr': moving ? Math.fround(dice.between(0, 8)) : null,
    'ztf.ssnamenr': moving ? dice.pick(['1234', '99942', '433']) : null
  }
}

function lsstFields(id: bigint, mjd: number, dice: Dice): Alert {
  const moving = dice.chance(0.2)
  const known = moving && dice.chance(0.7)
  return {
    'lsst.diaSource.reliability': dice.chance(0.1) ? null : Math.fround(dice.between(0, 1)),
    'lsst.diaSource.scienceFlux': dice.chance(0.5) ? null : Math.fround(dice.between(-1e3, 1e5)),
    'lsst.diaSource.scienceFluxErr': dice.chance(0.1) ? null : Math.fround(dice.between(10, 900)),
    'lsst.diaSource.templateFlux': dice.chance(0.2) ? null : Math.fround(dice.between(-1e3, 1e5)),
    'lsst.diaSource.templateFluxErr': dice.chance(0.1) ? null : Math.fround(dice.between(10, 900)),
    'lsst.diaSource.ssObjectId': moving ? BigInt(dice.whole(0, 3)) : null,
    'lsst.ssSource.designation': known ? dice.pick(['2020 AB', '2031 XY1']) : null,
    'lsst.diaObject.nDiaSources': dice.pick([1, 1, 2, 7, 40, null]),
    'lsst.diaObject.firstDiaSourceMjdTai': dice.chance(0.1) ? null : mjd - dice.between(0, 300),
    'lsst.diaSource.diaObjectId': dice.chance(0.4) ? id : BigInt(dice.whole(1, 1e9))
  }
}
