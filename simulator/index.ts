export { simulate } from './simulate.ts'
export type { Summary } from './simulate.ts'
export { checkOptions } from './options.ts'
export type { Progress, SimulateOptions, Stamps } from './options.ts'
