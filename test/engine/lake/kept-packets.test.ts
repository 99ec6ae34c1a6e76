import { expect, test } from 'vitest'
import { schemaIds } from '../../../engine/decode/confluent.ts'
import { decodeRange } from '../../../engine/decode/decode.ts'
import { SchemaCache } from '../../../engine/decode/schemas.ts'
import type { PartRecord } from '../../../engine/lake/ledger.ts'
import { localStore } from '../../../engine/store/local.ts'
import { layQuarantine } from '../../../engine/lake/part.ts'
import { freedFrom } from '../../../engine/repair/requeue-rows.ts'
import {
  decode,
  rangeOf,
  syntheticLsst,
  syntheticSchemas,
  syntheticZtf
} from '../../support/packets.ts'
import { temporaryFolder } from '../../support/siskin.ts'

test('a micro-batch that went to quarantine as a whole decodes from it alone, without its registry', async () => {
  const packets = [...syntheticZtf(3), ...syntheticLsst(4)]
  const registered = syntheticSchemas()
  const { quarantined } = await decode(packets, { registered, surveys: [] })
  expect(quarantined.map(({ reason }) => reason)).toEqual(packets.map(() => 'wrong-survey'))
  const store = localStore(temporaryFolder())
  const [file] = layQuarantine('live-0-000000/p', 'live-0', quarantined, {})
  await store.write(file!.path, file!.pieces)
  const record = {
    source: 'live-0',
    first: 0,
    last: 6,
    files: [file!.account]
  } as never as PartRecord
  const asked: number[] = []
  const freed = await freedFrom(store, record, file!.account, new Set(), null, {
    decode: { schemas: new SchemaCache(() => {}), surveys: ['ztf', 'lsst'] },
    resolve: async (ids) => {
      asked.push(...ids)
      return new Map()
    }
  })
  expect([asked, freed?.reasons, freed?.positions]).toEqual([[], { 'wrong-survey': 7 }, '0-6'])
  const bytesOf = (result: ReturnType<typeof decodeRange>) =>
    result.alerts.flatMap(({ table, origins }) =>
      Array.from({ length: table.rows }, (_, row) => {
        const start = origins.start[row]!
        const bytes = origins.buffers[origins.buffer[row]!]!
        const packet = bytes.subarray(start, start + origins.length[row]!)
        return Buffer.from(packet).toString('hex')
      })
    )
  const how = {
    schemas: new SchemaCache(() => {}),
    surveys: ['ztf', 'lsst'] as const,
    claim: () => true
  }
  const direct = await rangeOf(packets)
  expect(schemaIds(direct).size).toBe(1)
  expect(bytesOf(decodeRange(freed!.range, { ...how, registered: new Map() }))).toEqual(
    bytesOf(decodeRange(direct, { ...how, registered }))
  )
})
