import { beforeEach, describe, expect, test } from 'vitest'
import { defineBlock, defineFilter, id, number, numbers, text } from '#contract'
import type { Predicate } from '#contract'
import { select } from '../../../engine/publish/select.ts'
import { Enriched } from '../../../engine/table/enriched.ts'
import {
  decode,
  onlyTable,
  syntheticLsst,
  syntheticSchemas,
  syntheticZtf
} from '../../support/packets.ts'

const about = { version: '1.0.0', owner: 'test', about: 'A filter.' }

/** A filter that keeps what `keep` says. */
function filter(name: string, keep: () => Predicate) {
  return defineFilter({ ...about, name, topic: name, requires: {}, uses: {}, keep })
}

describe('select', () => {
  let batch: Enriched
  let warnings: string[]
  const warn = (message: string) => void warnings.push(message)

  beforeEach(async () => {
    batch = new Enriched(onlyTable(await decode(syntheticZtf(6))))
    warnings = []
  })

  const rowsOf = (filters: Parameters<typeof select>[0]) =>
    select(filters, batch, warn).map(({ filter, rows, failed }) => [filter.name, rows, failed])

  test('a filter that hung before is left out, and those that run are named', () => {
    const filters = ['one', 'two', 'three'].map((name) => filter(name, () => () => true))
    const ran: number[] = []
    const options = { stopped: new Set(['two']), onStart: (index: number) => void ran.push(index) }
    const selections = select(filters, batch, warn, options)
    expect(selections.map(({ rows, failed }) => [rows.length, failed])).toEqual([
      [6, 0],
      [0, 6],
      [6, 0]
    ])
    expect(ran).toEqual([0, 2, -1])
  })

  test('every filter gets the columns it declares', () => {
    const east = defineFilter({
      ...about,
      name: 'east',
      topic: 'east',
      requires: { ra: number('ra', 'deg'), object: text('object_id'), alert: id('alert_id') },
      uses: {},
      keep: ({ columns, rows, survey }) => {
        expect([rows, survey]).toEqual([6, 'ztf'])
        return (row) =>
          columns.ra.at(row)! > 150.6 &&
          columns.object.at(row)!.startsWith('ZTF') &&
          columns.alert.at(row)! > 2n ** 53n
      }
    })
    const lively = defineFilter({
      ...about,
      name: 'lively',
      topic: 'lively',
      requires: { flux: numbers('history_flux', 'nJy') },
      uses: {},
      keep:
        ({ columns }) =>
        (row) =>
          columns.flux.at(row).length === 5
    })
    expect(rowsOf([east, lively])).toEqual([
      ['east', [3, 4, 5], 0],
      ['lively', [0, 1, 2, 3, 4, 5], 0]
    ])
  })

  test('a shared block is computed once for each row, however many filters use it', () => {
    let built = 0
    const asked: number[] = []
    const even = defineBlock({
      name: 'even',
      about: 'Every other alert.',
      requires: { ra: number('ra', 'deg') },
      test: ({ columns }) => {
        built++
        return (row) => {
          asked.push(row)
          return columns.ra.at(row) !== null && row % 2 === 0
        }
      }
    })
    const using = (name: string, keep: (even: Predicate) => Predicate) =>
      defineFilter({
        ...about,
        name,
        topic: name,
        requires: {},
        uses: { even },
        keep: ({ blocks }) => keep(blocks.even)
      })
    const filters = [
      using('one', (even) => even),
      using('two', (even) => (row) => row < 3 && even(row)),
      using('three', (even) => (row) => !even(row)),
      using('none', () => () => false)
    ]
    expect(rowsOf(filters as never)).toEqual([
      ['one', [0, 2, 4], 0],
      ['two', [0, 2], 0],
      ['three', [1, 3, 5], 0],
      ['none', [], 0]
    ])
    expect(built).toBe(1)
    expect(asked).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('a filter that breaks at some rows selects the others; it is named once', () => {
    const broken = filter('broken', () => (row) => {
      if (row === 1 || row === 4) throw new Error('no such star')
      return true
    })
    const fine = filter('fine', () => () => true)
    expect(rowsOf([broken, fine])).toEqual([
      ['broken', [0, 2, 3, 5], 2],
      ['fine', [0, 1, 2, 3, 4, 5], 0]
    ])
    expect(warnings).toEqual(['filter broken (test): no such star'])
  })

  test('a filter that breaks before its first row selects nothing, the others go on', () => {
    const broken = filter('broken', () => {
      throw new Error('no beginning')
    })
    expect(rowsOf([broken, filter('fine', () => () => true)])).toEqual([
      ['broken', [], 6],
      ['fine', [0, 1, 2, 3, 4, 5], 0]
    ])
    expect(warnings).toHaveLength(1)
  })

  test('a block that breaks breaks the filters that ask it, and no other', () => {
    const bad = defineBlock({
      name: 'bad',
      about: 'Breaks.',
      requires: {},
      test: () => () => {
        throw new Error('bad block')
      }
    })
    const asks = defineFilter({
      ...about,
      name: 'asks',
      topic: 'asks',
      requires: {},
      uses: { bad },
      keep: ({ blocks }) => blocks.bad
    })
    expect(rowsOf([asks, filter('fine', () => () => true)] as never)).toEqual([
      ['asks', [], 6],
      ['fine', [0, 1, 2, 3, 4, 5], 0]
    ])
  })

  test('a filter of the other survey is not asked', async () => {
    const packets = syntheticLsst(2)
    batch = new Enriched(onlyTable(await decode(packets, { registered: syntheticSchemas() })))
    const ours = defineFilter({ ...filter('ours', () => () => true), surveys: ['ztf'] })
    expect(rowsOf([ours, filter('any', () => () => true)])).toEqual([['any', [0, 1], 0]])
  })
})
