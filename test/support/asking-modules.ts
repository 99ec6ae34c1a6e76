import {
  defineFilter,
  defineModule,
  float32,
  float64,
  int32,
  list,
  model,
  nearest,
  number,
  text,
  utf8
} from '#contract'
import type { Status } from '#contract'
import { makePlan } from '../../engine/enrich/plan.ts'
import type { Plan } from '../../engine/enrich/plan.ts'

/** Modules and a filter that need more than columns: a catalogue, a model. */

const stars = nearest('stars', 1.5, { type: text('VarType') })

const near = defineModule({
  name: 'near',
  version: '1.0.0',
  about: 'What a catalogue says.',
  owner: 'test',
  requires: {},
  lookups: { stars },
  produces: {
    type: utf8('Type. Null where nothing is near.'),
    separation: float32('arcsec', 'How far. Null where nothing is near.'),
    answer: utf8('What was answered.')
  },
  run({ rows, lookups }) {
    const all = Array.from({ length: rows }, (_, row) => row)
    const answer = all.map((row) => lookups.stars.status.at(row))
    return {
      type: all.map((row) => lookups.stars.type.at(row)),
      separation: all.map((row) => lookups.stars.separation.at(row)),
      answer,
      status: answer.map((one): Status => (one === 'unavailable' ? 'unavailable' : 'ok'))
    }
  }
})

const same = defineModule({
  name: 'same',
  version: '1.0.0',
  about: 'What a model says.',
  owner: 'test',
  requires: { mag: number('mag', 'mag') },
  models: { identity: model(process.env['SISKIN_TEST_MODEL'] ?? './none.onnx', import.meta.url) },
  produces: { mag: float32('mag', 'The magnitude, by way of a model. Null where that is.') },
  async run({ rows, columns, models }) {
    const data = Float32Array.from({ length: rows }, (_, row) => columns.mag.at(row) ?? Number.NaN)
    const { y } = await models.identity({ x: { data, shape: [rows, 1] } })
    return {
      mag: Array.from(y!.data as Float32Array, (value) => (Number.isNaN(value) ? null : value))
    }
  }
})

const seen = defineModule({
  name: 'seen',
  version: '1.0.0',
  about: 'What is on the difference stamp.',
  owner: 'test',
  requires: {},
  stamps: ['difference'],
  produces: {
    sum: float64('', 'Sum of its pixels. Null without one.'),
    size: list(int32('', 'Width and height. Null without one.'))
  },
  run({ rows, stamps }) {
    const all = Array.from({ length: rows }, (_, row) => stamps.difference.at(row))
    return {
      sum: all.map((stamp) => stamp && stamp.pixels.reduce((sum, pixel) => sum + (pixel || 0), 0)),
      size: all.map((stamp) => stamp && [stamp.width, stamp.height])
    }
  }
})

const starry = defineFilter({
  name: 'starry',
  version: '1.0.0',
  topic: 'starry',
  about: 'On a star of the catalogue.',
  owner: 'test',
  requires: {},
  lookups: { stars },
  uses: {},
  keep:
    ({ lookups }) =>
    (row) =>
      lookups.stars.status.at(row) === 'found'
})

export function askingPlan(): Plan {
  return makePlan([near, same, seen], [starry])
}
