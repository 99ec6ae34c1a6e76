import type { Module } from '#contract'
import apparent from './apparent/module.ts'
import features from './features/module.ts'
import detections from './detections/module.ts'
import quality from './quality/module.ts'
import rate from './rate/module.ts'
import solarSystem from './solar_system/module.ts'

/** Every module that runs. The engine orders them by what they need; this order breaks ties. */
export const modules: readonly Module[] = [
  quality,
  detections,
  apparent,
  solarSystem,
  rate,
  features
]
