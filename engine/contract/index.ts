/**
 * The one door for astronomers: everything a science module or a filter may import.
 * Units are nJy for flux, AB magnitudes, days (mjd, UTC) and degrees (ICRS).
 */
export {
  bool,
  flag,
  flags,
  float32,
  float64,
  group,
  id,
  ids,
  int32,
  int64,
  list,
  number,
  numbers,
  text,
  texts,
  utf8
} from './column.ts'
export type {
  Columns,
  Group,
  List,
  Need,
  Needs,
  Numbers,
  Output,
  Outputs,
  Readers,
  Scalar
} from './column.ts'
export { beside, defineModule } from './module.ts'
export type { Batch, Module, Result, Status, Survey } from './module.ts'
export { defineBlock, defineFilter } from './filter.ts'
export type { Block, Blocks, Filter, FilterBatch, Phase, Predicate, Seeks } from './filter.ts'
export { covering, model, nearest } from './resource.ts'
export type {
  Extent,
  Answers,
  Lookup,
  Lookups,
  LookupStatus,
  Model,
  Models,
  Predict,
  Predictors,
  Tensor
} from './resource.ts'
export { UNITS } from './unit.ts'
export type { NeedUnit, Unit } from './unit.ts'
export {
  AB_ZERO_POINT,
  MAG_PER_RELATIVE_FLUX,
  REFERENCE_RADIUS,
  ZTF_PIXEL,
  dcFlux,
  dcFluxErr,
  fluxErrFromMag,
  fluxFromMag,
  hasReferenceSource,
  magErrFromFlux,
  magFromFlux
} from './photometry.ts'
export { TAI_MINUS_UTC } from './time.ts'
export type { Stamp, StampName, Stamps } from './stamp.ts'
