import { expect, test } from 'vitest'
import { countPlaces, layPlaces, readPlace, readPlaces } from '../../../engine/lake/files/places.ts'
import { random } from '../../support/random.ts'

const at = (offset: number, nth = 0) => ({ offset, nth })

test.each([
  [[], ''],
  [[at(0)], '0'],
  [[at(3), at(4)], '3-4'],
  [[at(0), at(3), at(17), at(18), at(19), at(40), at(40, 1), at(41)], '0 3 17-19 40 40+1 41'],
  [[at(5, 2), at(6)], '5+2 6']
])('places %j are the text %s', (places, text) => {
  expect(layPlaces(places)).toBe(text)
  expect(readPlaces(text)).toEqual(places)
})

test('any ascending places come back as they were', () => {
  const draw = random(3)
  for (let round = 0; round < 200; round++) {
    const places = Array.from({ length: 60 }, (_, offset) => offset).flatMap((offset) =>
      draw() < 0.4 ? [] : draw() < 0.9 ? [at(offset)] : [at(offset), at(offset, 1), at(offset, 3)]
    )
    expect(readPlaces(layPlaces(places))).toEqual(places)
    expect(countPlaces(layPlaces(places))).toBe(places.length)
  }
})

test.each(['', 'x', '1+', '-1', '1-2', '1 2'])('%j is no place', (text) => {
  expect(readPlace(text)).toBeNull()
})
