import { meanings } from './meaning.ts'

/**
 * What the fields of ZTF's candidate say. Source: the ZTF avro-alert schema and the ZTF Science Data
 * System Explanatory Supplement. Positions are on the frame of Gaia DR1, the ICRS.
 */
export const ZTF_MEANING = meanings(`
jd | d | time.start;obs.exposure | Start of the exposure, JD, UTC
fid | | meta.code;instr.filter | Filter: 1 g, 2 r, 3 i
pid | | meta.id;obs.image | Processing id of the science image
diffmaglim | mag | phot.mag;stat.min | Expected 5-sigma limit of the difference image, AB
pdiffimfilename | | meta.id;meta.file | File name of the positive difference image
programpi | | meta.id.PI;obs.proposal | Principal investigator of the programme
programid | | meta.id;obs.proposal | Programme: 1 public, 2 collaboration, 3 Caltech
candid | | meta.id;src | Id of the candidate
isdiffpos | | meta.code | t or 1: brighter than the reference, f or 0: fainter
tblid | | meta.id | Id within the extraction table of the pipeline
nid | | meta.id;obs | Id of the night
rcid | | meta.id;instr.det | Readout channel, 0 to 63
field | | meta.id;obs.field | Id of the ZTF field
xpos | pixel | pos.cartesian.x;instr.det | Position on the image, x
ypos | pixel | pos.cartesian.y;instr.det | Position on the image, y
ra | deg | pos.eq.ra | Right ascension of the candidate, ICRS
dec | deg | pos.eq.dec | Declination of the candidate, ICRS
magpsf | mag | phot.mag | Magnitude of abs(difference), PSF fit, AB
sigmapsf | mag | stat.error;phot.mag | One standard deviation of magpsf
chipsf | | stat.fit.chi2 | Reduced chi squared of the PSF fit
magap | mag | phot.mag | Magnitude of abs(difference) in an aperture 14 pixels wide, AB
sigmagap | mag | stat.error;phot.mag | One standard deviation of magap
distnr | pixel | pos.angDistance | Distance to the nearest source of the reference image
magnr | mag | phot.mag | Magnitude of that source, AB
sigmagnr | mag | stat.error;phot.mag | One standard deviation of magnr
chinr | | stat.fit.chi2;instr.det.psf | DAOPhot chi of that source
sharpnr | | src.morph.param | DAOPhot sharpness of that source
sky | adu | instr.skyLevel | Local sky background
magdiff | mag | phot.mag;arith.diff | magap minus magpsf
fwhm | pixel | phys.angSize;stat.fwhm | Full width at half maximum of a Gaussian core (SExtractor)
classtar | | src.class.starGalaxy | Star or galaxy, 1 is a star (SExtractor)
mindtoedge | pixel | pos.angDistance;stat.min | Distance to the nearest edge of the image
magfromlim | mag | phot.mag;arith.diff | diffmaglim minus magap
seeratio | | instr.obsty.seeing;arith.ratio | Width of the difference image's PSF over fwhm
aimage | pixel | phys.angSize.smajAxis | Windowed rms along the major axis (SExtractor)
bimage | pixel | phys.angSize.sminAxis | Windowed rms along the minor axis (SExtractor)
aimagerat | | phys.angSize.smajAxis;arith.ratio | aimage over fwhm
bimagerat | | phys.angSize.sminAxis;arith.ratio | bimage over fwhm
elong | | phys.size.axisRatio | aimage over bimage
nneg | | meta.number;instr.pixel | Negative pixels in the inner 5 x 5
nbad | | meta.number;instr.pixel | Bad pixels in the inner 5 x 5
rb | | stat.probability;src.class | Real-bogus score of the random forest, 1 is real
ssdistnr | arcsec | pos.angDistance | Distance to the nearest known Solar System object, within 30 arcsec
ssmagnr | mag | phot.mag;em.opt.V | Its magnitude, mostly V, from the MPC
ssnamenr | | meta.id;src | Its name, from the MPC
sumrat | | phot.count;arith.ratio | Sum of the pixels over sum of their absolutes, inner 5 x 5
magapbig | mag | phot.mag | Magnitude of abs(difference) in an aperture 18 pixels wide, AB
sigmagapbig | mag | stat.error;phot.mag | One standard deviation of magapbig
ranr | deg | pos.eq.ra | Right ascension of the nearest source of the reference image, ICRS
decnr | deg | pos.eq.dec | Its declination, ICRS
sgmag{n} | mag | phot.mag | g magnitude of the {n} source of Pan-STARRS 1, within 30 arcsec, AB
srmag{n} | mag | phot.mag | r magnitude of the {n} source of Pan-STARRS 1, within 30 arcsec, AB
simag{n} | mag | phot.mag | i magnitude of the {n} source of Pan-STARRS 1, within 30 arcsec, AB
szmag{n} | mag | phot.mag | z magnitude of the {n} source of Pan-STARRS 1, within 30 arcsec, AB
sgscore{n} | | stat.probability;src.class.starGalaxy | Star-galaxy score of the {n} source of Pan-STARRS 1, 1 is a star
distpsnr{n} | arcsec | pos.angDistance | Distance to the {n} source of Pan-STARRS 1
objectidps{n} | | meta.id.cross;src | Id of the {n} source of Pan-STARRS 1
ndethist | | meta.number;obs | Detections at the position since the survey began, 3 sigma and more
ncovhist | | meta.number;obs.exposure | Exposures that covered the position since the survey began
jdstarthist | d | time.start;obs.exposure | Earliest epoch of ndethist, start of its exposure, JD, UTC
jdendhist | d | time.end;obs.exposure | Latest epoch of ndethist, start of its exposure, JD, UTC
scorr | | stat.snr | Signal to noise of the peak pixel in the matched-filtered image
tooflag | | meta.code;obs | 1: an exposure for a target of opportunity
nmtchps | | meta.number;src | Sources of Pan-STARRS 1 within 30 arcsec
rfid | | meta.id;obs.image | Processing id of the reference image
jdstartref | d | time.start;obs.exposure | Earliest exposure of the reference image, JD, UTC
jdendref | d | time.end;obs.exposure | Latest exposure of the reference image, JD, UTC
nframesref | | meta.number;obs.image | Exposures in the reference image
rbversion | | meta.version;meta.software | Version of the model of rb
dsnrms | | stat.snr | Difference image over its standard deviation at the position
ssnrms | | stat.snr | The same after convolution with its PSF
dsdiff | | stat.value | dsnrms minus ssnrms
magzpsci | mag | phot.calib | Zero point of the photometry
magzpsciunc | mag | stat.error;phot.calib | One standard deviation of magzpsci
magzpscirms | mag | stat.rms;phot.calib | Scatter of the calibrators about the zero point
nmatches | | meta.number;phot.calib | Calibrators of Pan-STARRS 1 used
clrcoeff | | stat.fit.param;phot.calib | Colour coefficient of the calibration
clrcounc | | stat.error;phot.calib | One standard deviation of clrcoeff
zpclrcov | mag**2 | stat.covariance;phot.calib | Covariance of magzpsci and clrcoeff
zpmed | mag | phot.calib;stat.median | Median zero point of the calibrators
clrmed | mag | phot.color;em.opt;em.opt;stat.median | Median colour of the calibrators: g - r for fid 1 and 2, r - i for 3
clrrms | mag | stat.rms;phot.color;em.opt;em.opt | Scatter of that colour
neargaia | arcsec | pos.angDistance | Distance to the closest source of Gaia DR1, within 90 arcsec
neargaiabright | arcsec | pos.angDistance | Distance to the closest one brighter than magnitude 14
maggaia | mag | phot.mag;em.opt | G magnitude of the closest source of Gaia DR1
maggaiabright | mag | phot.mag;em.opt | G magnitude of the closest one brighter than magnitude 14
exptime | s | time.duration;obs.exposure | Exposure time
drb | | stat.probability;src.class | Real-bogus score of the neural network, 1 is real
drbversion | | meta.version;meta.software | Version of the model of drb
`)
