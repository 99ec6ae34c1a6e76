import { meanings } from './meaning.ts'

/**
 * What the fields of LSST's ssSource say: where its orbit puts the object at the time of the light's
 * emission. Source: Rubin's schema of Solar System sources. Vectors are along the axes of the ICRS.
 */
export const LSST_SS_MEANING = meanings(`
diaSourceId | | meta.id;src | Id of the diaSource
ssObjectId | | meta.id;src | Id of the Solar System object
designation | | meta.id;src | Its primary provisional designation, unpacked
eclLambda | deg | pos.ecliptic.lon | Ecliptic longitude, observed
eclBeta | deg | pos.ecliptic.lat | Ecliptic latitude, observed
galLon | deg | pos.galactic.lon | Galactic longitude, observed
galLat | deg | pos.galactic.lat | Galactic latitude, observed; 0 where packets of schema 10.0 did not compute it
elongation | deg | pos.angDistance | Distance from the Sun on the sky
phaseAngle | deg | pos.phaseAng | Angle at the object between Sun and observer
topoRange | AU | pos.distance | Distance from the observer
topoRangeRate | km/s | phys.veloc | Its change; positive: away from the observer; 0 where packets of schema 10.0 did not compute it
helioRange | AU | pos.distance;pos.heliocentric | Distance from the Sun
helioRangeRate | km/s | phys.veloc;pos.heliocentric | Its change; positive: away from the Sun
ephRa | deg | pos.eq.ra;pos.ephem | Right ascension by the orbit, ICRS
ephDec | deg | pos.eq.dec;pos.ephem | Declination by the orbit, ICRS
ephVmag | mag | phot.mag;em.opt.V | V magnitude by orbit and H, G; 0 where packets of schema 10.0 did not compute it
ephRate | deg/d | pos.pm;pos.ephem | Motion on the sky by the orbit; 0 where packets of schema 10.0 did not compute it
ephRateRa | deg/d | pos.pm;pos.eq.ra;pos.ephem | Its part along right ascension, with cos(dec); 0 where packets of schema 10.0 did not compute it
ephRateDec | deg/d | pos.pm;pos.eq.dec;pos.ephem | Its part along declination; 0 where packets of schema 10.0 did not compute it
ephOffset | arcsec | pos.angDistance;stat.fit.omc | Observed from predicted position
ephOffsetRa | arcsec | pos.eq.ra;stat.fit.omc | Its part along right ascension, with cos(dec)
ephOffsetDec | arcsec | pos.eq.dec;stat.fit.omc | Its part along declination
ephOffsetAlongTrack | arcsec | pos.angDistance;stat.fit.omc | Its part along the motion
ephOffsetCrossTrack | arcsec | pos.angDistance;stat.fit.omc | Its part across the motion
helio_x | AU | pos.cartesian.x;pos.heliocentric | Position from the Sun, x
helio_y | AU | pos.cartesian.y;pos.heliocentric | Position from the Sun, y
helio_z | AU | pos.cartesian.z;pos.heliocentric | Position from the Sun, z
helio_vx | km/s | phys.veloc;pos.cartesian.x;pos.heliocentric | Velocity relative to the Sun, x
helio_vy | km/s | phys.veloc;pos.cartesian.y;pos.heliocentric | Velocity relative to the Sun, y
helio_vz | km/s | phys.veloc;pos.cartesian.z;pos.heliocentric | Velocity relative to the Sun, z
helio_vtot | km/s | phys.veloc;pos.heliocentric | Speed relative to the Sun
topo_x | AU | pos.cartesian.x | Position from the observer, x
topo_y | AU | pos.cartesian.y | Position from the observer, y
topo_z | AU | pos.cartesian.z | Position from the observer, z
topo_vx | km/s | phys.veloc;pos.cartesian.x | Velocity relative to the observer, x
topo_vy | km/s | phys.veloc;pos.cartesian.y | Velocity relative to the observer, y
topo_vz | km/s | phys.veloc;pos.cartesian.z | Velocity relative to the observer, z
topo_vtot | km/s | phys.veloc | Speed relative to the observer
diaDistanceRank | | stat.rank;pos.angDistance | 1: the nearest diaSource to the predicted position, 2: the second
`)

/** What the fields of mpc_orbits say. Source: the Minor Planet Center's table of that name. */
export const LSST_MPC_MEANING = meanings(`
id | | meta.id | Id of the row in the table of the MPC
designation | | meta.id;src | Primary provisional designation, unpacked
packed_primary_provisional_designation | | meta.id;src | The same, packed
unpacked_primary_provisional_designation | | meta.id;src | The same, unpacked
mpc_orb_jsonb | | meta.note | The orbit in the MPC's JSON form
created_at | | time.creation;meta.dataset | When the row was made, as sent
updated_at | | time.processing;meta.dataset | When the row was changed, as sent
orbit_type_int | | meta.code.class;src.orbital | Kind of orbit, the MPC's number
u_param | | meta.code.qual;src.orbital | Uncertainty parameter U, 0 (good) to 9
nopp | | meta.number;obs | Oppositions
arc_length_total | d | time.duration;obs | Arc of all observations
arc_length_sel | d | time.duration;obs | Arc of the observations used
nobs_total | | meta.number;obs | Observations, optical and radar
nobs_total_sel | | meta.number;obs | Those used
a | AU | phys.size.smajAxis;src.orbital | Semi-major axis
q | AU | pos.distance;src.orbital;stat.min | Perihelion distance
e | | src.orbital.eccentricity | Eccentricity
i | deg | src.orbital.inclination | Inclination
node | deg | src.orbital.node | Longitude of the ascending node
argperi | deg | src.orbital.periastron | Argument of perihelion
peri_time | d | time.epoch;src.orbital | Perihelion passage, MJD
yarkovsky | 10**-10AU/d**2 | phys.acceleration;src.orbital | Yarkovsky acceleration
srp | m**2/Mg | stat.fit.param;src.orbital | Area over mass for solar radiation pressure
a1 | m**2/Mg | stat.fit.param;src.orbital | Non-gravitational parameter A1
a2 | m**2/Mg | stat.fit.param;src.orbital | Non-gravitational parameter A2
a3 | m**2/Mg | stat.fit.param;src.orbital | Non-gravitational parameter A3
dt | | stat.fit.param;src.orbital | Non-gravitational parameter DT; the MPC states no unit
mean_anomaly | deg | src.orbital.meanAnomaly | Mean anomaly at the epoch
period | d | time.period.revolution;src.orbital | Orbital period
mean_motion | deg/d | src.orbital.meanMotion | Mean motion
a_unc | AU | stat.error;phys.size.smajAxis;src.orbital | One standard deviation of a
q_unc | AU | stat.error;pos.distance;src.orbital | One standard deviation of q
e_unc | | stat.error;src.orbital.eccentricity | One standard deviation of e
i_unc | deg | stat.error;src.orbital.inclination | One standard deviation of i
node_unc | deg | stat.error;src.orbital.node | One standard deviation of node
argperi_unc | deg | stat.error;src.orbital.periastron | One standard deviation of argperi
peri_time_unc | d | stat.error;time.epoch;src.orbital | One standard deviation of peri_time
yarkovsky_unc | 10**-10AU/d**2 | stat.error;phys.acceleration;src.orbital | One standard deviation of yarkovsky
srp_unc | m**2/Mg | stat.error;src.orbital | One standard deviation of srp
a1_unc | m**2/Mg | stat.error;src.orbital | One standard deviation of a1
a2_unc | m**2/Mg | stat.error;src.orbital | One standard deviation of a2
a3_unc | m**2/Mg | stat.error;src.orbital | One standard deviation of a3
dt_unc | | stat.error;src.orbital | One standard deviation of dt
mean_anomaly_unc | deg | stat.error;src.orbital.meanAnomaly | One standard deviation of mean_anomaly
period_unc | d | stat.error;time.period.revolution;src.orbital | One standard deviation of period
mean_motion_unc | deg/d | stat.error;src.orbital.meanMotion | One standard deviation of mean_motion
epoch_mjd | d | time.epoch;src.orbital | Epoch of the elements, MJD
h | mag | phys.magAbs | Absolute magnitude H
g | | stat.fit.param;phys.magAbs | Slope parameter G
not_normalized_rms | arcsec | stat.rms;stat.fit | Scatter of the observations about the orbit
normalized_rms | | stat.rms;stat.fit | The same in units of their errors
earth_moid | AU | pos.distance;src.orbital;stat.min | Least distance from the orbit of the Earth
fitting_datetime | | time.processing;src.orbital | When the orbit was fitted, as sent
`)
