import { describe, expect, test } from 'vitest'
import { float64, number, text, utf8 } from '#contract'
import type { Module, Outputs } from '#contract'
import { makePlan } from '../../engine/enrich/plan.ts'

const PRODUCES = { value: float64('', 'A number.'), word: utf8('A word.') }

describe('the plan', () => {
  const named = (
    name: string,
    needs: Module['requires'],
    produces: Outputs = PRODUCES
  ): Module => ({
    name,
    version: '1.0.0',
    about: '',
    owner: '',
    requires: needs,
    produces,
    run: () => ({})
  })
  const order = (modules: Module[]) => makePlan(modules, []).modules.map(({ name }) => name)

  test('puts a module behind those it reads from, and keeps the order otherwise', () => {
    const a = named('a', { x: number('c.value', '') })
    const b = named('b', {})
    const c = named('c', { x: text('d.word') })
    const d = named('d', {})
    expect(order([a, b, c, d])).toEqual(['d', 'c', 'a', 'b'])
  })

  test.each<[string, Module[], RegExp]>([
    [
      'a circle',
      [named('a', { x: number('b.value', '') }), named('b', { x: number('a.value', '') })],
      /in a circle: a -> b -> a/
    ],
    ['its own output', [named('a', { x: number('a.value', '') })], /a needs its own output/],
    [
      'an unknown column: near ones are named',
      [named('a', { x: number('history_flx', 'nJy') })],
      /module a needs column "history_flx", which nothing makes; near: history_flux/
    ],
    [
      'a column of a module that is not there',
      [named('a', { x: number('b.value', '') })],
      /module a needs column "b\.value"/
    ],
    ['another unit', [named('a', { x: number('flux', 'mag') })], /"flux" in "mag".*unit is "nJy"/],
    ['another kind', [named('a', { x: text('flux') })], /reads "flux" as text, but it is float64/],
    [
      'a list as a number',
      [named('a', { x: number('history_flux', 'nJy') })],
      /as number, but it is a list of float64/
    ],
    ['two of one name', [named('a', {}), named('a', {})], /two of the name "a"/],
    ['the name of a survey', [named('ztf', {})], /"ztf"/],
    ['the name of a column', [named('flux', {})], /"flux"/]
  ])('refuses %s', (_, modules, message) => {
    expect(() => makePlan(modules, [])).toThrow(message)
  })
})
