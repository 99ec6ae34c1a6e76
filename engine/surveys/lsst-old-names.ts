/** The names that fields had in older schemas, by record: today's name of each. */

/** Of diaSource and of the entries of both lists: 3 and 4, ELAsTiCC; the last two up to 7.4. */
export const OLD_SOURCE_NAMES: Readonly<Record<string, string>> = {
  ccdVisitId: 'visit',
  midPointTai: 'midpointMjdTai',
  filterName: 'band',
  decl: 'dec',
  declErr: 'decErr',
  ra_decl_Cov: 'ra_dec_Cov',
  psFlux: 'psfFlux',
  psFluxErr: 'psfFluxErr',
  psLnL: 'psfLnL',
  psChi2: 'psfChi2',
  psNdata: 'psfNdata',
  totFlux: 'scienceFlux',
  totFluxErr: 'scienceFluxErr',
  trailDecl: 'trailDec',
  trailDeclErr: 'trailDecErr',
  dipMeanFlux: 'dipoleMeanFlux',
  dipMeanFluxErr: 'dipoleMeanFluxErr',
  dipFluxDiff: 'dipoleFluxDiff',
  dipFluxDiffErr: 'dipoleFluxDiffErr',
  dipLength: 'dipoleLength',
  dipAngle: 'dipoleAngle',
  dipChi2: 'dipoleChi2',
  dipNdata: 'dipoleNdata',
  is_negative: 'isNegative'
}

/** Of diaObject, 3 and 4: `uPSFluxMean` is `u_psfFluxMean`. */
function oldObjectNames(): Record<string, string> {
  const names: Record<string, string> = {
    decl: 'dec',
    declErr: 'decErr',
    ra_decl_Cov: 'ra_dec_Cov'
  }
  for (const band of ['u', 'g', 'r', 'i', 'z', 'y']) {
    for (const what of ['Mean', 'MeanErr', 'Sigma', 'Ndata']) {
      names[`${band}PSFlux${what}`] = `${band}_psfFlux${what}`
    }
    for (const what of ['Mean', 'MeanErr']) {
      names[`${band}FPFlux${what}`] = `${band}_fpFlux${what}`
    }
  }
  return names
}

/** By record: its older name too, where it has one, and the older names of its fields. */
export const OLD_NAMES: readonly {
  readonly record: string
  readonly today: string
  readonly fields: Readonly<Record<string, string>>
}[] = [
  { record: 'diaSource', today: 'diaSource', fields: OLD_SOURCE_NAMES },
  { record: 'diaObject', today: 'diaObject', fields: oldObjectNames() },
  {
    record: 'ssSource', // 8 and 9
    today: 'ssSource',
    fields: {
      eclipticLambda: 'eclLambda',
      eclipticBeta: 'eclBeta',
      galacticL: 'galLon',
      galacticB: 'galLat',
      heliocentricDist: 'helioRange',
      topocentricDist: 'topoRange',
      predictedVMagnitude: 'ephVmag',
      residualRa: 'ephOffsetRa',
      residualDec: 'ephOffsetDec'
    }
  },
  {
    record: 'MPCORB', // 8 and 9
    today: 'mpc_orbits',
    fields: {
      mpcDesignation: 'designation',
      mpcH: 'h',
      epoch: 'epoch_mjd',
      M: 'mean_anomaly',
      peri: 'argperi',
      node: 'node',
      incl: 'i',
      e: 'e',
      a: 'a',
      q: 'q',
      t_p: 'peri_time'
    }
  }
]
