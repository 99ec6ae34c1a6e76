import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readArchive, realData, schemaInside } from '../read-archive.ts'
import { lsstSchema, ztfSchema } from './schema.ts'
import type { Json } from './schema.ts'

const data = realData()
if (data === null)
  console.warn('skipped: ../shared/data is absent, no real schemas to compare with')

type Named = { readonly [key: string]: Json }

/** Names in full, types and order: what decides how bytes are read. */
function canonical(schema: Json, namespace = ''): Json {
  if (Array.isArray(schema)) return schema.map((item: Json) => canonical(item, namespace))
  if (schema === null || typeof schema !== 'object') return schema
  const { type, name, items, fields } = schema as Named
  if (type === 'array') return { type: 'array', items: canonical(items ?? null, namespace) }
  if (type !== 'record' || typeof name !== 'string') return canonical(type ?? null, namespace)
  const own = (schema as Named)['namespace']
  const space = typeof own === 'string' ? own : namespace
  const full = name.includes('.') ? name : `${space}.${name}`
  const inner = full.slice(0, full.lastIndexOf('.'))
  const list = (fields as readonly Named[]).map((field) => ({
    name: field['name'] ?? null,
    type: canonical(field['type'] ?? null, inner)
  }))
  return { type: 'record', name: full, fields: list }
}

test.skipIf(data === null).each([
  ['10.0', 1000],
  ['11.0', 1100]
] as const)("LSST schema %s is the survey's", (version, id) => {
  const real = JSON.parse(readFileSync(join(data ?? '', `lsst/schemas/${id}.avsc`), 'utf8')) as Json
  expect(canonical(lsstSchema(version))).toEqual(canonical(real))
})

test.skipIf(data === null).each([
  ['3.3', 'alert', 'fp_hists'],
  ['4.02', 'ztf.alert', '']
] as const)("ZTF schema %s is the survey's", (version, name, absent) => {
  const archive = readArchive(join(data ?? '', 'ztf/ztf_public_sample.tar.gz'))
  const schemas = new Set(archive.map(({ bytes }) => schemaInside(bytes)))
  const same = [...schemas]
    .map((text) => JSON.parse(text) as Named)
    .filter((schema) => schema['version'] === version && schema['name'] === name)
    .filter((schema) => absent === '' || !JSON.stringify(schema).includes(absent))
  expect(same.length).toBeGreaterThan(0)
  for (const schema of same) expect(canonical(ztfSchema(version))).toEqual(canonical(schema))
})

test('the next versions add one field that no reader knows', () => {
  expect(JSON.stringify(ztfSchema('4.03'))).toContain('surveyNote')
  expect(JSON.stringify(lsstSchema('11.1'))).toContain('surveyNote')
  expect(JSON.stringify(ztfSchema('4.02'))).not.toContain('surveyNote')
})
