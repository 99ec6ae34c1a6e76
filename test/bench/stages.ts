import { avroType } from '../../engine/avro/type.ts'
import { DEFAULT_CUT } from '../../engine/consume/scanner.ts'
import { openSources } from '../../engine/consume/open.ts'
import { decodeRange } from '../../engine/decode/decode.ts'
import type { Decoded } from '../../engine/decode/decode.ts'
import { SchemaCache } from '../../engine/decode/schemas.ts'
import { enrich } from '../../engine/enrich/enrich.ts'
import { makePlan } from '../../engine/enrich/plan.ts'
import { ModuleRunner } from '../../engine/enrich/run-module.ts'
import { BLOCK } from '../../engine/packets.ts'
import type { PacketRange } from '../../engine/packets.ts'
import { layAlerts, nightsOf } from '../../engine/lake/part.ts'
import { messageFormat } from '../../engine/publish/message.ts'
import { select } from '../../engine/publish/select.ts'
import type { Enriched } from '../../engine/table/enriched.ts'
import { modules } from '../../science-modules/registry.ts'
import { manyFilters } from './filters.ts'

/** A stage alone on one core: microseconds an alert, the best of the rounds. */
export interface StageTime {
  readonly stage: string
  readonly micros: number
}

const RANGES = 4
const ROUNDS = 6
const warn = () => {}

/** Times each stage over the first few thousand packets, which stay in memory. */
export async function timeStages(archive: string): Promise<StageTime[]> {
  const ranges = await firstRanges(archive)
  const packets = ranges.reduce((sum, range) => sum + range.count, 0)
  const schemas = new SchemaCache(warn)
  const plan = makePlan(modules, manyFilters(25))
  const runner = new ModuleRunner(warn)
  const format = messageFormat(plan.columns)
  const times: StageTime[] = []
  const time = async (stage: string, work: () => unknown): Promise<void> => {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now()
      await work()
      best = Math.min(best, performance.now() - started)
    }
    times.push({ stage, micros: (best * 1000) / packets })
  }

  let decoded: Decoded[] = []
  const options = {
    schemas,
    registered: new Map(),
    surveys: ['ztf', 'lsst'] as const,
    claim: () => true
  }
  await time('decode', () => {
    decoded = ranges.flatMap((range) => decodeRange(range, options).alerts)
  })
  await time('  avsc, objects, for comparison', () => decodeWithAvsc(ranges))
  let batches: Enriched[] = []
  await time('enrich, all modules', async () => {
    batches = []
    for (const { table } of decoded) {
      batches.push(await enrich(table, plan, { runner, stopped: new Set(), onStart: () => {} }))
    }
  })
  for (const { module } of batches[0]?.runs ?? []) {
    const ms = batches.flatMap((batch) => batch.runs).filter((run) => run.module === module)
    const total = ms.reduce((sum, run) => sum + run.ms, 0)
    times.push({ stage: `  ${module.name}`, micros: (total * 1000) / packets })
  }
  for (const count of [6, 25]) {
    const filters = makePlan(modules, manyFilters(count)).filters
    await time(`select, ${count} filters`, () =>
      batches.map((batch) => select(filters, batch, warn))
    )
  }
  await time('encode a message of every alert', () =>
    batches.forEach((batch, i) => {
      const { origins } = decoded[i]!
      const encode = format.bind(batch, (row) => origins.buffers[origins.buffer[row]!]!)
      for (let row = 0; row < batch.table.rows; row++) encode(row)
    })
  )
  await time('lay out Parquet and packets', () =>
    batches.forEach((batch, i) => {
      const { origins } = decoded[i]!
      layAlerts(
        `bench-${i}`,
        batch,
        nightsOf(batch),
        {
          schemaOf: (row) => origins.schemas[origins.schema[row]!]!,
          digestOf: (row) => origins.digest[row]!,
          bytesOf: (row) => {
            const start = origins.start[row]!
            return origins.buffers[origins.buffer[row]!]!.subarray(
              start,
              start + origins.length[row]!
            )
          }
        },
        {}
      )
    })
  )
  return times
}

async function firstRanges(archive: string): Promise<PacketRange[]> {
  const [source] = await openSources([archive])
  const ranges: PacketRange[] = []
  const allocate = (size: number) => new SharedArrayBuffer(size)
  if (!source) return ranges
  for await (const range of source.ranges({
    done: [],
    cut: DEFAULT_CUT,
    onRead: () => {},
    allocate
  })) {
    if (ranges.push(range) === RANGES) break
  }
  return ranges
}

const types = new Map<string, ReturnType<typeof avroType>>()

/** What a general Avro library does with the same packets: an object each. */
function decodeWithAvsc(ranges: readonly PacketRange[]): number {
  let packets = 0
  for (const { bytes, blocks, headers } of ranges) {
    for (let at = 0; at < blocks.length; at += BLOCK.size) {
      const { schema } = headers[blocks[at + BLOCK.header]!]!
      const start = blocks[at + BLOCK.start]!
      const datum = Buffer.from(bytes as ArrayBuffer, start, blocks[at + BLOCK.length])
      typeOf(schema).fromBuffer(datum)
      packets++
    }
  }
  return packets
}

function typeOf(schema: Uint8Array): ReturnType<typeof avroType> {
  const text = Buffer.from(schema).toString()
  const type = types.get(text) ?? avroType(text)
  types.set(text, type)
  return type
}
