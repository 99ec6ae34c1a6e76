import type { DuckDBConnection } from '@duckdb/node-api'
import { pixelsAround } from '../../table/healpix-neighbours.ts'
import { orderFor } from '../hats/match.ts'
import { PixelSet } from '../hats/pixels.ts'
import type { Places } from './places.ts'
import type { Partition } from './partitions.ts'
import type { TableOfPixel } from './write-hats.ts'

/** A table `margin` of the rows near to a partition that is not theirs: all within `reach` arc seconds, and some more. */
export async function addMargin(
  db: DuckDBConnection,
  { rows, ra, dec }: Places,
  partitions: readonly Partition[],
  reach: number
): Promise<TableOfPixel[]> {
  const pixels = new PixelSet(partitions)
  const order = orderFor(reach)
  const counts = new Map<number, number>()
  await db.run('CREATE TABLE margin (row BIGINT, partition INTEGER)')
  const appender = await db.createAppender('margin')
  for (const [at, row] of rows.entries()) {
    const near = new Set<number>()
    const [own, ...around] = pixelsAround(ra[at]!, dec[at]!, order)
    for (const pixel of around) pixels.overlapping(order, pixel, (number) => near.add(number))
    pixels.overlapping(order, own!, (number) => near.delete(number))
    for (const number of near) {
      counts.set(number, (counts.get(number) ?? 0) + 1)
      appender.appendBigInt(BigInt(row))
      appender.appendInteger(number)
      appender.endRow()
    }
  }
  appender.closeSync()
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([number, count]) => {
      const { order: own, pixel } = pixels.pixels[number]!
      const where = `FROM rows JOIN margin ON margin.row = rows."siskin row" WHERE margin.partition = ${number}`
      return { order: own, pixel, rows: count, where }
    })
}
