import { meanings } from './meaning.ts'

/**
 * What the fields of LSST's diaSource say. Source: Rubin's schema of the alert production database.
 * Positions are ICRS; errors of right ascension include cos(dec).
 */
export const LSST_SOURCE_MEANING = meanings(`
diaSourceId | | meta.id;src | Id of the diaSource
visit | | meta.id;obs.exposure | Id of the visit
detector | | meta.id;instr.det | Number of the detector
diaObjectId | | meta.id;src | Object it belongs to; null or 0 for a Solar System object
ssObjectId | | meta.id;src | Solar System object it belongs to; null or 0 for none
parentDiaSourceId | | meta.id.parent;src | Source that it was deblended from
midpointMjdTai | d | time.epoch;obs.exposure | Middle of the visit, MJD, TAI
ra | deg | pos.eq.ra | Right ascension, ICRS
raErr | deg | stat.error;pos.eq.ra | One standard deviation of ra
dec | deg | pos.eq.dec | Declination, ICRS
decErr | deg | stat.error;pos.eq.dec | One standard deviation of dec
ra_dec_Cov | deg**2 | stat.covariance;pos.eq | Covariance of ra and dec
x | pixel | pos.cartesian.x;instr.det | Position on the detector, x
xErr | pixel | stat.error;pos.cartesian.x | One standard deviation of x
y | pixel | pos.cartesian.y;instr.det | Position on the detector, y
yErr | pixel | stat.error;pos.cartesian.y | One standard deviation of y
centroid_flag | | meta.code.error | The centroid could not be measured well
apFlux | nJy | phot.flux.density | Difference flux in an aperture of 12 pixels radius
apFluxErr | nJy | stat.error;phot.flux.density | One standard deviation of apFlux
apFlux_flag | | meta.code.error | apFlux could not be measured well
apFlux_flag_apertureTruncated | | meta.code.error | The aperture did not fit on the image
isNegative | | meta.code | Detected as fainter than the template
snr | | stat.snr | Signal to noise of the detection on the difference image
psfFlux | nJy | phot.flux.density | Difference flux of a point source, signed
psfFluxErr | nJy | stat.error;phot.flux.density | One standard deviation of psfFlux
psfLnL | | stat.likelihood | Natural logarithm of the likelihood of the point source
psfChi2 | | stat.fit.chi2 | Chi squared of the point source
psfNdata | | meta.number;instr.pixel | Pixels of that fit
psfFlux_flag | | meta.code.error | The fit of the point source failed
psfFlux_flag_edge | | meta.code.error | Too close to the edge for the whole PSF
psfFlux_flag_noGoodPixels | | meta.code.error | Too few good pixels for the fit
trailFlux | nJy | phot.flux.density | Difference flux of a trailed source
trailFluxErr | nJy | stat.error;phot.flux.density | One standard deviation of trailFlux
trailRa | deg | pos.eq.ra;pos.centroid | Right ascension of the trail's centre, ICRS
trailRaErr | deg | stat.error;pos.eq.ra | One standard deviation of trailRa
trailDec | deg | pos.eq.dec;pos.centroid | Declination of the trail's centre, ICRS
trailDecErr | deg | stat.error;pos.eq.dec | One standard deviation of trailDec
trailLength | arcsec | phys.angSize | Length of the trail
trailLengthErr | arcsec | stat.error;phys.angSize | One standard deviation of trailLength
trailAngle | deg | pos.posAng | Direction of the trail, from the meridian
trailAngleErr | deg | stat.error;pos.posAng | One standard deviation of trailAngle
trailChi2 | | stat.fit.chi2 | Chi squared of the trail
trailNdata | | meta.number;instr.pixel | Pixels of that fit
trail_flag_edge | | meta.code.error | The trail reaches the edge of the image
dipoleMeanFlux | nJy | phot.flux.density;stat.mean | Mean of the absolute fluxes of a dipole's lobes
dipoleMeanFluxErr | nJy | stat.error;phot.flux.density | One standard deviation of dipoleMeanFlux
dipoleFluxDiff | nJy | phot.flux.density;arith.diff | Difference of the absolute fluxes of the lobes
dipoleFluxDiffErr | nJy | stat.error;phot.flux.density | One standard deviation of dipoleFluxDiff
dipoleLength | arcsec | pos.angDistance | Distance of the lobes
dipoleAngle | deg | pos.posAng | Direction from the negative to the positive lobe, from the meridian
dipoleChi2 | | stat.fit.chi2 | Chi squared of the dipole
dipoleNdata | | meta.number;instr.pixel | Pixels of that fit
scienceFlux | nJy | phot.flux.density | Forced flux of a point source on the visit image
scienceFluxErr | nJy | stat.error;phot.flux.density | One standard deviation of scienceFlux
forced_PsfFlux_flag | | meta.code.error | Forced photometry on the visit image failed
forced_PsfFlux_flag_edge | | meta.code.error | Too close to the edge of the visit image for the whole PSF
forced_PsfFlux_flag_noGoodPixels | | meta.code.error | Too few good pixels for the forced fit
templateFlux | nJy | phot.flux.density | Forced flux of a point source on the template
templateFluxErr | nJy | stat.error;phot.flux.density | One standard deviation of templateFlux
ixx | arcsec**2 | src.morph.param | Adaptive second moment of the source, xx
iyy | arcsec**2 | src.morph.param | Adaptive second moment of the source, yy
ixy | arcsec**2 | src.morph.param | Adaptive second moment of the source, xy
ixxPSF | arcsec**2 | instr.det.psf | Adaptive second moment of the PSF, xx
iyyPSF | arcsec**2 | instr.det.psf | Adaptive second moment of the PSF, yy
ixyPSF | arcsec**2 | instr.det.psf | Adaptive second moment of the PSF, xy
shape_flag | | meta.code.error | The shape could not be measured well
shape_flag_no_pixels | | meta.code.error | No pixels to measure a shape
shape_flag_not_contained | | meta.code.error | The centre lies outside the footprint's box
shape_flag_parent_source | | meta.code.error | A source that was deblended: its shape says little
extendedness | | src.class.starGalaxy | 1: extended, 0: like the PSF
reliability | | stat.probability;src.class | Probability that the source is astrophysical
band | | meta.id;instr.filter | Band of the visit
isDipole | | meta.code.class | A dipole fits well
dipoleFitAttempted | | meta.code | A dipole was tried
timeProcessedMjdTai | d | time.processing | When the source was made, MJD, TAI
timeWithdrawnMjdTai | d | time.processing | When the source was withdrawn, MJD, TAI; null: it is valid
bboxSize | pixel | phys.angSize | Size of the square box around the footprint
pixelFlags | | meta.code.qual | The flags of pixels could not be set well
pixelFlags_bad | | meta.code.qual | Bad pixel in the footprint
pixelFlags_cr | | meta.code.qual | Cosmic ray in the footprint
pixelFlags_crCenter | | meta.code.qual | Cosmic ray in the 3 x 3 pixels of the centre
pixelFlags_edge | | meta.code.qual | The footprint reaches beyond the usable image
pixelFlags_nodata | | meta.code.qual | Pixel without data in the footprint
pixelFlags_nodataCenter | | meta.code.qual | Pixel without data in the 3 x 3 pixels of the centre
pixelFlags_interpolated | | meta.code.qual | Interpolated pixel in the footprint
pixelFlags_interpolatedCenter | | meta.code.qual | Interpolated pixel in the 3 x 3 pixels of the centre
pixelFlags_offimage | | meta.code.qual | The centre lies off the image
pixelFlags_saturated | | meta.code.qual | Saturated pixel in the footprint
pixelFlags_saturatedCenter | | meta.code.qual | Saturated pixel in the 3 x 3 pixels of the centre
pixelFlags_suspect | | meta.code.qual | Suspect pixel in the footprint
pixelFlags_suspectCenter | | meta.code.qual | Suspect pixel in the 3 x 3 pixels of the centre
pixelFlags_streak | | meta.code.qual | Streak in the footprint
pixelFlags_streakCenter | | meta.code.qual | Streak in the 3 x 3 pixels of the centre
pixelFlags_injected | | meta.code.qual | Injected source in the footprint
pixelFlags_injectedCenter | | meta.code.qual | Injected source in the 3 x 3 pixels of the centre
pixelFlags_injected_template | | meta.code.qual | Injected source in the template, in the footprint
pixelFlags_injected_templateCenter | | meta.code.qual | Injected source in the template, in the 3 x 3 pixels of the centre
glint_trail | | meta.code.class | Part of a trail of glints
`)
