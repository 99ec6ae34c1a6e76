import { meanings } from './meaning.ts'

/** What the fields of LSST's diaObject say. Source: Rubin's schema of the alert production database. */
export const LSST_OBJECT_MEANING = meanings(`
diaObjectId | | meta.id;src | Id of the object
validityStartMjdTai | d | time.start | When this state of the object begins, MJD, TAI
ra | deg | pos.eq.ra;stat.mean | Right ascension, ICRS
raErr | deg | stat.error;pos.eq.ra | One standard deviation of ra, with cos(dec)
dec | deg | pos.eq.dec;stat.mean | Declination, ICRS
decErr | deg | stat.error;pos.eq.dec | One standard deviation of dec
ra_dec_Cov | deg**2 | stat.covariance;pos.eq | Covariance of ra and dec
{band}_psfFluxMean | nJy | phot.flux.density;stat.mean | Weighted mean difference flux in {band}
{band}_psfFluxMeanErr | nJy | stat.error;phot.flux.density;stat.mean | Its standard error
{band}_psfFluxSigma | nJy | stat.stdev;phot.flux.density | Standard deviation of the difference fluxes in {band}
{band}_psfFluxNdata | | meta.number;obs | Points in {band}
{band}_fpFluxMean | nJy | phot.flux.density;stat.mean | Weighted mean forced difference flux in {band}
{band}_fpFluxMeanErr | nJy | stat.error;phot.flux.density;stat.mean | Its standard error
{band}_scienceFluxMean | nJy | phot.flux.density;stat.mean | Weighted mean forced flux on the visit images in {band}
{band}_scienceFluxMeanErr | nJy | stat.error;phot.flux.density;stat.mean | Its standard error
{band}_psfFluxMin | nJy | phot.flux.density;stat.min | Smallest difference flux in {band}
{band}_psfFluxMax | nJy | phot.flux.density;stat.max | Largest difference flux in {band}
{band}_psfFluxMaxSlope | nJy/d | arith.rate;phot.flux.density;stat.max | Largest slope of neighbouring difference fluxes in {band}
{band}_psfFluxErrMean | nJy | stat.error;phot.flux.density;stat.mean | Mean error of the difference fluxes in {band}
firstDiaSourceMjdTai | d | time.start;obs.exposure | First diaSource, middle of its visit, MJD, TAI
lastDiaSourceMjdTai | d | time.end;obs.exposure | Latest diaSource, middle of its visit, MJD, TAI
nDiaSources | | meta.number;obs | DiaSources of the object
`)
