import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { indexedUpTo } from '../../../engine/duplicates/index-files.ts'
import { SiskinError } from '../../../engine/errors.ts'
import { localStore } from '../../../engine/store/local.ts'
import { claimTopic, lakeId } from '../../../engine/lake/owners.ts'
import { acknowledgeLoss, keepMarks, markOf } from '../../../engine/verify/proof-notes.ts'
import { RunClaim } from '../../../engine/lake/run-claim.ts'
import { Blame } from '../../../engine/run/blame.ts'
import { sourceBook } from '../../../engine/run/claimed-sources.ts'
import { noteAside, readAside } from '../../../engine/stream/common/aside.ts'
import { Bounds, countStrike } from '../../../engine/stream/common/bounds.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const SOURCE = 'live-0'
const range = { source: SOURCE, first: 3, last: 9 }

/** A lake with one file of Siskin's own as a power cut may leave it, and what is warned of. */
function torn(path: string, content: string) {
  const root = temporaryFolder()
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  const warnings: string[] = []
  const hear = ({ message }: Error) => warnings.push(message)
  process.on('warning', hear)
  onTestFinished(() => void process.off('warning', hear))
  const told = async () => {
    await new Promise(setImmediate)
    return warnings.join()
  }
  return { store: localStore(root), file, told }
}

describe.each([
  ['empty', ''],
  ['cut', '{"source":"li'],
  ['zeroed', '\0\0\0\0'],
  ['null', 'null']
])('a note that is %s is named, as if it had not been written, and written anew', (_, content) => {
  test('of a partition that stood aside', async () => {
    const path = `_siskin/aside/${SOURCE}.json`
    const { store } = torn(path, content)
    expect((await readAside(store)).get(SOURCE)?.detail).toContain(path)
    await noteAside(store, { source: SOURCE, reason: 'gone', detail: 'x' })
    expect((await readAside(store)).get(SOURCE)).toMatchObject({ reason: 'gone', detail: 'x' })
  })

  test('of what a range did to a member', async () => {
    const path = `_siskin/deaths/${SOURCE}/3-9.json`
    const { store, file, told } = torn(path, content)
    expect(await countStrike(store, range, 'death', 'x')).toMatchObject({ deaths: 1 })
    expect(await told()).toContain(path)
    writeFileSync(file, content)
    expect((await Bounds.read(store, [SOURCE])).lastOf(SOURCE, 3)).toBe(Number.POSITIVE_INFINITY)
    expect(existsSync(file)).toBe(false)
  })

  test('of what a run died of', async () => {
    const path = `_siskin/deaths/${SOURCE}/run.json`
    const { store, file, told } = torn(path, content)
    expect((await Blame.open(store, [SOURCE])).deathsOf(SOURCE, 3, 9)).toBe(0)
    expect(await told()).toContain(path)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ working: [], deaths: [] })
  })

  test('of how far the lake was found whole', async () => {
    const path = `_siskin/verified/${SOURCE}.json`
    const { store, told } = torn(path, content)
    expect(await markOf(store, SOURCE, false)).toBe(null)
    expect(await told()).toContain(path)
    expect(
      await keepMarks(store, new Map([[SOURCE, 10]]), {
        at: 'now',
        deep: false,
        changes: new Map()
      })
    ).toBe(null)
    expect(await markOf(store, SOURCE, false)).toEqual({ next: 10, at: 'now' })
  })

  test('of a loss that somebody knows of', async () => {
    const path = `_siskin/acknowledged/${SOURCE}.json`
    const { store, file, told } = torn(path, content)
    await acknowledgeLoss(store, { ...range, stream: { lost: 2 } } as never)
    expect(await told()).toContain(path)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ parts: [{ lost: 2 }] })
  })

  test('of how far a source is in the index', async () => {
    const path = `_siskin/seen/sources/${SOURCE}.json`
    const { store, told } = torn(path, content)
    expect(await indexedUpTo(store, SOURCE)).toBe(0)
    expect(await told()).toContain(path)
  })
})

describe('a file that matters is named, with the way out', () => {
  test.each([
    ['_siskin/owners/topics/live.json', '--take-over', claimTopic, [{ topic: 'live' }]],
    ['_siskin/lake.json', '--take-over', lakeId, []],
    ['_siskin/sources/night-1.json', 'siskin repair', load, []]
  ] as const)('%s', async (path, way, read, args) => {
    const { store } = torn(path, '')
    const error = await (read as (...all: unknown[]) => Promise<unknown>)(store, ...args).catch(
      (thrown: unknown) => thrown
    )
    expect(error).toBeInstanceOf(SiskinError)
    expect((error as Error).message).toContain(`${path} of the lake ${store.root} is damaged`)
    expect((error as Error).message).toContain(way)
  })

  test('the claim of a run: one that lives writes it again, so one that stays damaged is of nobody', async () => {
    const { store } = torn('_siskin/owners/runs/night-1/4.json', '')
    const claim = await RunClaim.take(store, 'night-1', 'test')
    expect([claim.run, claim.isAfterDeath]).toEqual([5, true])
    await claim.release()
  }, 60_000)
})

function load(store: ReturnType<typeof localStore>) {
  return sourceBook(store).load('night-1')
}
