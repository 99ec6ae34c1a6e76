import { float64 } from '#contract'

const atLeast = (n: number, flat = '') => `Null below ${n} points${flat}.`
const withError = (n: number, flat = '') => `Null below ${n} points with an error${flat}.`
const NO_RANGE = ', or when its denominator is 0, as where most magnitudes are equal'
const NOT_FLAT = ' or when all magnitudes are equal'

/**
 * The features of one band, in this order. `m` magnitude, `e` its error, `t` time, n points;
 * s the sample standard deviation; Q a Hazen quantile.
 */
export const FEATURES = {
  mean: float64('mag', `Mean magnitude. ${atLeast(1)}`, 'phot.mag;stat.mean'),
  weighted_mean: float64('mag', `Mean weighted by 1/e^2. ${withError(1)}`, 'phot.mag;stat.mean'),
  standard_deviation: float64(
    'mag',
    `Sample standard deviation s. ${atLeast(2)}`,
    'stat.stdev;phot.mag'
  ),
  median: float64('mag', `Median. ${atLeast(1)}`, 'phot.mag;stat.median'),
  amplitude: float64(
    'mag',
    `Half of the range, (max - min) / 2. ${atLeast(2)}`,
    'src.var.amplitude;phot.mag'
  ),
  beyond_1_std: float64(
    '',
    `Fraction of points further than s from the mean. ${atLeast(2)}`,
    'src.var.index'
  ),
  cusum: float64(
    '',
    `Range of the cumulated (m - mean) / (n s). ${atLeast(2, NOT_FLAT)}`,
    'src.var.index'
  ),
  inter_percentile_range_10: float64('mag', `Q90 - Q10. ${atLeast(2)}`, 'stat.percentile;phot.mag'),
  kurtosis: float64(
    '',
    `Excess kurtosis, unbiased. ${atLeast(4, NOT_FLAT)}`,
    'stat.kurtosis;phot.mag'
  ),
  linear_trend: float64(
    'mag/d',
    `Slope of the unweighted line. ${atLeast(3)}`,
    'arith.rate;phot.mag'
  ),
  linear_trend_sigma: float64(
    'mag/d',
    `Error of that slope from the scatter. ${atLeast(3)}`,
    'stat.error;phot.mag'
  ),
  linear_trend_noise: float64(
    'mag',
    `Scatter about that line, n - 2 degrees. ${atLeast(3)}`,
    'stat.fit.residual;phot.mag'
  ),
  linear_fit_slope: float64(
    'mag/d',
    `Slope of the line weighted by 1/e^2. ${withError(3)}`,
    'arith.rate;phot.mag'
  ),
  linear_fit_slope_sigma: float64(
    'mag/d',
    `Error of that slope from the errors. ${withError(3)}`,
    'stat.error;phot.mag'
  ),
  linear_fit_reduced_chi2: float64(
    '',
    `Chi squared of that line / (n - 2). ${withError(3)}`,
    'stat.fit.chi2;phot.mag'
  ),
  magnitude_percentage_ratio_40_5: float64(
    '',
    `(Q60 - Q40) / (Q95 - Q5). ${atLeast(2, NO_RANGE)}`,
    'src.var.index'
  ),
  magnitude_percentage_ratio_20_10: float64(
    '',
    `(Q80 - Q20) / (Q90 - Q10). ${atLeast(2, NO_RANGE)}`,
    'src.var.index'
  ),
  maximum_slope: float64(
    'mag/d',
    `Largest |dm/dt| of neighbouring points. ${atLeast(2)}`,
    'arith.rate;phot.mag;stat.max'
  ),
  median_absolute_deviation: float64(
    'mag',
    `Median of |m - median|. ${atLeast(2)}`,
    'stat.mad;phot.mag'
  ),
  median_buffer_range_percentage_10: float64(
    '',
    `Fraction of points nearer to the median than a tenth of the amplitude. ${atLeast(2)}`,
    'src.var.index'
  ),
  percent_amplitude: float64(
    'mag',
    `Largest distance from the median. ${atLeast(2)}`,
    'src.var.amplitude;phot.mag;stat.max'
  ),
  mean_variance: float64('', `s / mean. ${atLeast(2)}`, 'src.var.index'),
  anderson_darling_normal: float64(
    '',
    `Anderson-Darling A^2 against a normal, times 1 + 4/n - 25/n^2. ${atLeast(4, NOT_FLAT)}`,
    'stat.fit.goodness;phot.mag'
  ),
  chi2: float64(
    '',
    `Reduced chi squared about the weighted mean, n - 1 degrees. ${withError(2)}`,
    'stat.fit.chi2;phot.mag'
  ),
  skew: float64('', `Skewness, unbiased. ${atLeast(3, NOT_FLAT)}`, 'stat.skewness;phot.mag'),
  stetson_K: float64(
    '',
    `Stetson K about the weighted mean. ${withError(2, NOT_FLAT)}`,
    'src.var.index'
  )
} as const

export type FeatureName = keyof typeof FEATURES
export const FEATURE_NAMES = Object.keys(FEATURES) as FeatureName[]

/** Where each feature lies in an output vector. */
export const AT = Object.fromEntries(FEATURE_NAMES.map((name, i) => [name, i])) as Record<
  FeatureName,
  number
>
