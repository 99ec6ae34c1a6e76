import { describe, expect, test } from 'vitest'
import { keepMarks, Marks } from '../../../engine/duplicates/marks.ts'
import { beginList, behindSources } from '../../../engine/duplicates/behind.ts'
import { SeenIndex } from '../../../engine/duplicates/seen-index.ts'
import { ledgerPath, partName } from '../../../engine/lake/ledger.ts'
import type { PartRecord } from '../../../engine/lake/ledger.ts'
import { localStore } from '../../../engine/store/local.ts'
import { jsonBytes } from '../../../engine/store/replace-file.ts'
import type { Store } from '../../../engine/store/store.ts'
import { DuplicateWindow } from '../../../engine/stream/member/duplicate-window.ts'
import { random as randomFrom } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const NIGHT = 'ztf/20260112'

/** A member's memory of alerts over a lake, and what a part of one message an alert goes through. */
class Member {
  readonly store: Store
  readonly index: SeenIndex
  window: DuplicateWindow
  readonly warnings: string[] = []

  constructor(store: Store) {
    this.store = store
    const warn = (message: string) => this.warnings.push(message)
    this.index = new SeenIndex(store, { days: 7, warn })
    this.window = new DuplicateWindow(store, this.index, warn)
  }

  /** As `decodeOnce` does it: memory first, then the index, then again without what it knows. */
  async make(source: string, first: number, ids: readonly number[]): Promise<Made> {
    await this.window.ready(source)
    const name = partName(source, first, first + ids.length - 1)
    const read = (refused: ReadonlySet<number>) => {
      const meet = this.window.begin(name)
      return ids.filter((id) => !refused.has(id) && meet('ztf', id, 7, 1) !== 'copy')
    }
    let kept = read(new Set())
    const marks = marksOf(kept)
    const found = await this.index.look(NIGHT, marks)
    const refused = [...found].flatMap(([place, met]) => (met === 'copy' ? marks.at(place)[0] : []))
    if (refused.length > 0) kept = read(new Set(refused))
    const record = {
      source,
      first,
      last: first + ids.length - 1,
      started: new Date().toISOString(),
      marks: keepMarks(new Map([[NIGHT, marksOf(kept)]]))
    } as unknown as PartRecord
    await this.window.made(record)
    return { name, record, kept }
  }

  async commit({ name, record }: Made): Promise<void> {
    const { source, first, last } = record
    await this.store.write(ledgerPath(source, first, last), [jsonBytes(record)])
    this.window.committed(name)
  }
}

interface Made {
  readonly name: string
  readonly record: PartRecord
  readonly kept: readonly number[]
}

function marksOf(ids: readonly number[]): Marks {
  return Marks.of(Uint32Array.from(ids.flatMap((id) => [id, 7, 1])))
}

function memberOf(store: Store, ...sources: string[]): Member {
  const member = new Member(store)
  member.window.take(sources)
  return member
}

describe('alerts that come again', () => {
  test('are met in their part, in parts before it, and when those are committed', async () => {
    const member = memberOf(localStore(temporaryFolder()), 's-0')
    const one = await member.make('s-0', 0, [1, 1, 2])
    expect(one.kept).toEqual([1, 2])
    expect((await member.make('s-0', 3, [1, 3])).kept).toEqual([3])
    await member.commit(one)
    expect((await member.make('s-0', 3, [1, 3])).kept).toEqual([3])
  })

  test('are not when the part that had them was dropped', async () => {
    const member = memberOf(localStore(temporaryFolder()), 's-0')
    await member.make('s-0', 0, [1, 2])
    member.window.dropped()
    expect((await member.make('s-0', 0, [1, 2])).kept).toEqual([1, 2])
  })

  test('are by the next member of the partition, and by one in its place', async () => {
    const store = localStore(temporaryFolder())
    const member = memberOf(store, 's-0')
    await member.commit(await member.make('s-0', 0, [1, 2]))
    expect((await memberOf(store, 's-0').make('s-0', 2, [2, 3])).kept).toEqual([3])
    // meanwhile another had it, and it comes back
    const other = memberOf(store, 's-0')
    await other.commit(await other.make('s-0', 2, [4]))
    member.window.take(['s-0'])
    expect((await member.make('s-0', 3, [4, 2, 5])).kept).toEqual([5])
  })

  test('are by a thread that takes the place of one that hung, before anything is committed', async () => {
    const store = localStore(temporaryFolder())
    const member = memberOf(store, 's-0')
    const staged = await member.make('s-0', 0, [1, 2])
    const next = memberOf(store, 's-0')
    next.window.madeBefore(staged.record)
    expect((await next.make('s-0', 2, [2, 3])).kept).toEqual([3])
    await next.commit(staged)
    await next.window.idle()
    expect((await next.make('s-0', 2, [2, 3])).kept).toEqual([3])
  })

  test('a source is behind with the index until all of it is there, whoever had it, and nothing is on its way', async () => {
    const store = localStore(temporaryFolder())
    await beginList(store)
    const killed = memberOf(store, 's-0')
    await killed.commit(await killed.make('s-0', 0, [1]))
    const next = memberOf(store, 's-0')
    await next.window.ready('s-0')
    const made = await next.make('s-0', 1, [2])
    await next.window.close()
    expect(await behindSources(store)).toEqual(['s-0'])
    await next.commit(made)
    await next.window.close()
    expect(await behindSources(store)).toEqual([])
    const again = await next.make('s-0', 2, [3])
    expect(await behindSources(store)).toEqual(['s-0'])
    await next.commit(again)
    const last = memberOf(store, 's-0') // has nothing to land
    await last.window.ready('s-0')
    next.window.take([])
    await next.window.close()
    await last.window.close()
    expect(await behindSources(store)).toEqual([])
    expect((await memberOf(store, 's-1').make('s-1', 0, [1, 2, 3, 4])).kept).toEqual([4])
  })

  test('a partition that is quiet has all it holds in the index, for those who have others', async () => {
    const store = localStore(temporaryFolder())
    await beginList(store)
    const [one, two] = [memberOf(store, 's-0'), memberOf(store, 's-1')]
    await one.commit(await one.make('s-0', 0, [1, 2]))
    expect((await two.make('s-1', 0, [1])).kept).toEqual([1])
    two.window.dropped()
    await one.window.idle()
    one.window.tidy(Date.now() + 50_000)
    await one.window.idle()
    expect(one.window.size).toBe(2)
    expect(await behindSources(store)).toEqual(['s-0', 's-1'])
    one.window.tidy(Date.now() + 61_000)
    await one.window.idle()
    expect(one.window.size).toBe(0)
    expect(await behindSources(store)).toEqual(['s-1'])
    two.index.refresh()
    expect((await two.make('s-1', 0, [1])).kept).toEqual([])
    expect((await one.make('s-0', 2, [2, 3])).kept).toEqual([3])
  })
})

/** Whatever happens to members, an alert of a partition lands once; and what is in memory has a bound. */
test.each([1, 2])(
  'two partitions and their members against a plain Set, seed %i',
  async (seed) => {
    const random = randomFrom(seed)
    const whole = (below: number) => Math.floor(random() * below)
    const store = localStore(temporaryFolder())
    const sources = ['a-0', 'b-0']
    const landed = new Map(sources.map((source) => [source, new Set<number>()]))
    const next = new Map(sources.map((source) => [source, 0]))
    let member = memberOf(store, ...sources)
    let largest = 0
    for (let step = 0; step < 250; step++) {
      const batch: Made[] = []
      for (const source of sources) {
        const base = source === 'a-0' ? 0 : 1_000_000
        // new ones mostly, and those of any time before
        const ids = Array.from({ length: 1 + whole(1500) }, () =>
          random() < 0.7 ? base + step * 1500 + whole(1500) : base + whole(step * 1500 + 1)
        )
        const made = await member.make(source, next.get(source)!, ids)
        const known = landed.get(source)!
        expect(made.kept).toEqual([...new Set(ids)].filter((id) => !known.has(id)))
        batch.push(made)
      }
      const fate = random()
      if (fate < 0.1) {
        member.window.dropped()
        continue
      }
      for (const made of batch) {
        await member.commit(made)
        const { source, last } = made.record
        next.set(source, last + 1)
        for (const id of made.kept) landed.get(source)!.add(id)
      }
      largest = Math.max(largest, member.window.size)
      if (fate < 0.2) member = memberOf(store, ...sources)
      else if (fate < 0.3) member.window.take(sources)
    }
    const total = [...landed.values()].reduce((sum, set) => sum + set.size, 0)
    console.log(`${total} alerts landed; most marks in memory ${largest}`)
    expect(total).toBeGreaterThan(150_000)
    expect(largest).toBeLessThan(2 * (20_000 + 3 * 1500))
    expect(member.warnings).toEqual([])
  },
  300_000
)

test('a torn record among those that are in no index yet stops no part: what the others hold is known', async () => {
  const store = localStore(temporaryFolder())
  const before = memberOf(store, 'live-0')
  for (const [first, id] of [
    [0, 1],
    [1, 2],
    [2, 3]
  ] as const) {
    await before.commit(await before.make('live-0', first, [id]))
  }
  await store.remove(ledgerPath('live-0', 1, 1))
  await store.write(ledgerPath('live-0', 1, 1), [Buffer.from('{"source":')])
  const after = memberOf(store, 'live-0')
  expect((await after.make('live-0', 3, [1, 2, 3, 4])).kept).toEqual([2, 4])
})
