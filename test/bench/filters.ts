import { defineFilter, number, text } from '../../engine/contract/index.ts'
import type { Filter } from '../../engine/contract/index.ts'
import { filters } from '../../filters/registry.ts'
import { goodQuality, notKnownSolarSystem, real } from '../../filters/blocks.ts'

/** The registered filters, and as many more of the same kind as are needed to make `count`. */
export function manyFilters(count: number): Filter[] {
  const more = Array.from({ length: Math.max(0, count - filters.length) }, (_, i) => variant(i))
  return [...filters, ...more].slice(0, count)
}

/** A narrow filter of its own threshold, band and latitude: a few alerts in a thousand. */
function variant(i: number): Filter {
  const brighter = 16 + (i % 7) * 0.5
  const latitude = 10 + i * 3
  const band = i % 2 === 0 ? 'g' : 'r'
  return defineFilter({
    name: `bench_${i}`,
    version: '1.0.0',
    topic: `bench-${i}`,
    about: 'For the benchmark only.',
    owner: '@siskin',
    requires: {
      mag: number('mag', 'mag'),
      glat: number('glat', 'deg'),
      band: text('band'),
      rate: number('rate.mag_rate', 'mag/d')
    },
    uses: { goodQuality, notKnownSolarSystem, real },
    keep({ columns, blocks }) {
      return (row) => {
        const mag = columns.mag.at(row)
        const rate = columns.rate.at(row)
        if (mag === null || rate === null) return false
        return (
          blocks.goodQuality(row) &&
          blocks.notKnownSolarSystem(row) &&
          blocks.real(row) &&
          columns.band.at(row) === band &&
          mag < brighter + 2 &&
          Math.abs(columns.glat.at(row) ?? 0) > latitude &&
          rate > 0.02 * (1 + i)
        )
      }
    }
  }) as Filter
}
