import { expect, test } from 'vitest'
import { candidate, nightId, objectName, processingId, referenceId } from './ztf-identifiers.ts'
import { diaSourceId, ssObjectId, visitId } from './lsst-identifiers.ts'
import type { Exposure } from '../survey/cadence.ts'
import type { SkyObject } from '../population/objects.ts'
import { designation } from '../population/asteroids.ts'
import { fieldGrid } from '../survey/fields.ts'

test('night, processing and candidate ids are those of real packets', () => {
  expect(nightId(2458493.7607639)).toBe(739)
  expect(processingId(2458493.7607639, 63)).toBe(739260766315)
  expect(candidate(739260766315, false, 6)).toBe(739260766315010006n)
  expect(candidate(710243366315, true, 36)).toBe(710243366315015036n)
  expect(processingId(2458464.7433681, 63)).toBe(710243366315)
})

test('the reference id holds field, band and channel', () => {
  expect(referenceId(576, 1, 10)).toBe(576120110)
  expect(referenceId(386, 2, 21)).toBe(386120221)
})

test('diaSourceId and visit are packed as in a real packet', () => {
  const exposure = { night: 61040, index: 240 } as Exposure
  const object = { chip: 112, slot: 50 } as SkyObject
  expect(visitId(exposure)).toBe(2025123100240)
  expect(diaSourceId(object, exposure)).toBe(169813006111211570n)
})

test('ssObjectId is the packed designation', () => {
  expect(ssObjectId('K17SA9A')).toBe(21164736943044929n)
})

test('designations are unique and seven letters when packed', () => {
  const names = new Set<string>()
  for (let i = 0; i < 50000; i++) {
    const { name, packed } = designation(i)
    expect(packed).toHaveLength(7)
    names.add(name)
  }
  expect(names.size).toBe(50000)
})

test('objects, events and single detections never share a name', () => {
  const [field] = fieldGrid('ztf', 1)
  const names = new Set<string>()
  let count = 0
  for (const life of ['persistent', 'event', 'single'] as const) {
    for (let ordinal = 0; ordinal < 2000; ordinal++) {
      const object = { life, ordinal, field } as SkyObject
      names.add(objectName(object, 61000, 61000, 7))
      count++
    }
  }
  expect(names.size).toBe(count)
  for (const name of names) expect(name).toMatch(/^ZTF25[a-z]{7}$/)
})
