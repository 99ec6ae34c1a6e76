import { beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../../engine/errors.ts'
import type { Store } from '../../engine/store/store.ts'

const bytes = (text: string) => Buffer.from(text)
const text = async (store: Store, path: string, from?: number, length?: number) =>
  Buffer.from(await store.read(path, from, length)).toString()

/** What every store must do, whatever it is made of. `makeStore` gives an empty one. */
export function storeSuite(name: string, makeStore: () => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    let store: Store

    beforeEach(async () => {
      store = await makeStore()
    })

    test('a file is written from pieces, with the folders it needs, and read back', async () => {
      expect(await store.write('a/b/c.txt', [bytes('one '), bytes(''), bytes('two')])).toBe(7)
      expect(await text(store, 'a/b/c.txt')).toBe('one two')
      expect(await store.size('a/b/c.txt')).toBe(7)
    })

    test('when a file was written is told by one clock, and stays when it is moved', async () => {
      expect(await store.modified('nothing')).toBeNull()
      await store.write('first', [bytes('1')])
      const first = (await store.modified('first'))!
      await store.rename('first', 'moved')
      await store.write('second', [])
      expect(await store.modified('moved')).toBe(first)
      expect(await store.modified('second')).toBeGreaterThanOrEqual(first)
    })

    test('of thousands of pieces, of none, of empty ones', async () => {
      const pieces = Array.from({ length: 5000 }, (_, i) => bytes(`${i},`))
      await store.write('many', pieces)
      expect(await text(store, 'many')).toBe(Buffer.concat(pieces).toString())
      expect(await store.write('none', [])).toBe(0)
      expect(await store.write('empty', [bytes(''), bytes('')])).toBe(0)
      expect([await store.size('none'), await store.size('empty')]).toEqual([0, 0])
    })

    test('of pieces that come one after the other', async () => {
      const size = await store.writeFrom('a/slow', async function* () {
        for (let i = 0; i < 40; i++) yield Buffer.alloc(100_000, 65 + i)
      })
      expect([size, await store.size('a/slow')]).toEqual([4_000_000, 4_000_000])
      expect(await text(store, 'a/slow', 3_899_999, 3)).toBe('ghh')
      const again = store.writeFrom('a/slow', async function* () {
        yield bytes('other')
      })
      await expect(again).rejects.toThrow(/it is there already/)
    })

    test('of views into a larger buffer, and of shared memory', async () => {
      const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(65)
      await store.write('views', [shared.subarray(2, 4), bytes('0123456789').subarray(3, 5)])
      expect(await text(store, 'views')).toBe('AA34')
    })

    test('of many megabytes', async () => {
      const piece = Buffer.alloc(1024 * 1024)
      const pieces = Array.from({ length: 24 }, (_, i) => Buffer.from(piece.fill(i)))
      expect(await store.write('large', pieces)).toBe(24 * piece.length)
      expect([...(await store.read('large', 23 * piece.length - 1, 3))]).toEqual([22, 23, 23])
    })

    test('a file that exists is not written again', async () => {
      await store.write('a', [bytes('first')])
      const second = store.write('a', [bytes('second')])
      await expect(second).rejects.toThrow(/it is there already/)
      await second.catch((error: Error) => expect(codeOf(error.cause)).toBe('EEXIST'))
      expect(await text(store, 'a')).toBe('first')
    })

    test('two writers of one file: one of them gets it', async () => {
      const tries = [1, 2, 3, 4].map((i) => store.write('race/a', [bytes(`${i}`.repeat(1000))]))
      const results = await Promise.allSettled(tries)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await text(store, 'race/a')).toMatch(/^(\d)\1{999}$/)
    })

    test('ranges of a file: from the start, the middle, to the end and beyond it', async () => {
      await store.write('a', [bytes('0123456789')])
      expect(await text(store, 'a', 0, 3)).toBe('012')
      expect(await text(store, 'a', 4, 2)).toBe('45')
      expect(await text(store, 'a', 7)).toBe('789')
      expect(await text(store, 'a', 8, 100)).toBe('89')
      expect(await text(store, 'a', 10)).toBe('')
      expect(await text(store, 'a', 3, 0)).toBe('')
    })

    test('a file that is not there cannot be read, and has no size', async () => {
      await expect(store.read('nowhere/a')).rejects.toThrow(/cannot read .*nowhere/)
      expect(await store.size('nowhere/a')).toBeNull()
      await store.write('folder/a', [bytes('1')])
      expect(await store.size('folder')).toBeNull()
    })

    test('a folder lists all files beneath it, sorted, with sizes', async () => {
      for (const path of ['x/b', 'x/a/2', 'x/a/1', 'x/aa', 'y/1'])
        await store.write(path, [bytes(path)])
      expect(await store.list('x')).toEqual([
        { path: 'x/a/1', size: 5 },
        { path: 'x/a/2', size: 5 },
        { path: 'x/aa', size: 4 },
        { path: 'x/b', size: 3 }
      ])
      expect((await store.list('')).map(({ path }) => path)).toHaveLength(5)
      expect(await store.list('nowhere')).toEqual([])
    })

    test('a listing misses no file because of folders that come and go beside it', async () => {
      await store.write('x/stays', [bytes('1')])
      const churn = (async () => {
        for (let i = 0; i < 60; i++) {
          await store.write(`x/goes${i}/deep/a`, [bytes('1')])
          await store.remove(`x/goes${i}`)
        }
      })()
      for (let i = 0; i < 60; i++) {
        expect((await store.list('x')).map(({ path }) => path)).toContain('x/stays')
      }
      await churn
    })

    test('a rename moves a file, makes folders on the way and replaces what is there', async () => {
      await store.write('staging/a', [bytes('new')])
      await store.write('place/deep/a', [bytes('old')])
      await store.rename('staging/a', 'place/deep/a')
      await store.sync(['place/deep'])
      expect(await text(store, 'place/deep/a')).toBe('new')
      expect(await store.size('staging/a')).toBeNull()
      await store.rename('place/deep/a', 'other/far/away/b')
      expect((await store.list('')).map(({ path }) => path)).toEqual(['other/far/away/b'])
    })

    test('what was renamed is made to last, also where another has taken it away with its folder since', async () => {
      await store.write('draft', [Buffer.from('alerts')])
      await store.rename('draft', 'night/block/part')
      await store.remove('night')
      await store.sync(['night/block'])
      expect(await store.list('')).toEqual([])
    })

    test('a rename of nothing is an error that names the place', async () => {
      await expect(store.rename('nothing', 'somewhere')).rejects.toThrow(
        /cannot rename to .*somewhere/
      )
    })

    test('a small file is made whole, by one of those who make it', async () => {
      const tries = [1, 2, 3, 4].map((i) => store.create('claims/a', bytes(`${i}`.repeat(1000))))
      const results = await Promise.allSettled(tries)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await text(store, 'claims/a')).toMatch(/^(\d)\1{999}$/)
      const late = store.create('claims/a', bytes('late'))
      await late.catch((error: Error) => expect(codeOf(error.cause)).toBe('EEXIST'))
      await expect(late).rejects.toThrow(/it is there already/)
      expect((await store.list('')).map(({ path }) => path)).toEqual(['claims/a'])
    })

    test('the entries of a folder are its own, folders told from files', async () => {
      for (const path of ['x/b', 'x/a/2', 'x/a/c/1', 'y']) await store.write(path, [bytes(path)])
      expect(await store.entries('x')).toEqual([
        { name: 'a', isFolder: true },
        { name: 'b', isFolder: false }
      ])
      expect(await store.entries('')).toHaveLength(2)
      expect(await store.entries('nowhere')).toEqual([])
    })

    test('a folder is renamed with all that is in it: nothing of it is found under its old name', async () => {
      await store.write('old/a/1', [bytes('1')])
      await store.write('old/2', [bytes('2')])
      await store.rename('old', 'new')
      expect((await store.list('')).map(({ path }) => path)).toEqual(['new/2', 'new/a/1'])
      await expect(store.rename('old/2', 'other')).rejects.toThrow(/cannot rename to .*other/)
    })

    test('a folder goes with all that is in it, a file alone; nothing is no error', async () => {
      for (const path of ['a/b/1', 'a/b/2', 'a/bb', 'c']) await store.write(path, [bytes('x')])
      await store.remove('a/b')
      await store.remove('c')
      await store.remove('nowhere/at/all')
      expect((await store.list('')).map(({ path }) => path)).toEqual(['a/bb'])
    })

    test('a draft that its writer died over is listed when it is asked for', async () => {
      await store.write('a/.writing-0123456789ab-b', [bytes('x')])
      await store.write('a/c', [bytes('x')])
      const found = await store.list('a', true)
      expect(found.map(({ path }) => path)).toEqual(['a/.writing-0123456789ab-b', 'a/c'])
    })

    test('a folder is removed if nothing is in it, and only then, where a store can', async () => {
      const removeEmpty = async (folder: string) => store.removeEmpty?.(folder)
      if (!store.removeEmpty) return expect(await removeEmpty('a')).toBeUndefined()
      await store.write('a/b/1', [bytes('x')])
      expect(await removeEmpty('a')).toBe(false)
      expect(await removeEmpty('a/b')).toBe(false)
      await store.remove('a/b/1')
      expect(await removeEmpty('a/b')).toBe(true)
      expect(await store.entries('a')).toEqual([])
      expect(await removeEmpty('nowhere')).toBe(true)
      await store.write('a/b/1', [bytes('x')])
      return expect(await store.size('a/b/1')).toBe(1)
    })

    test('a file is told from its copy, and is the same when its folder is moved', async () => {
      const numberOf = async (path: string) => (await store.whereabouts?.(path))?.number
      if (!store.whereabouts) return expect(await numberOf('a/b')).toBeUndefined()
      for (const path of ['a/b', 'copy/b']) await store.write(path, [bytes('x')])
      const [own, copy] = [await numberOf('a/b'), await numberOf('copy/b')]
      expect(copy).not.toBe(own)
      await store.rename('a', 'moved')
      return expect(await numberOf('moved/b')).toBe(own)
    })

    test('what was removed can be written again', async () => {
      for (const content of ['1', '2', '3']) {
        await store.write('a/b/c', [bytes(content)])
        expect(await text(store, 'a/b/c')).toBe(content)
        await store.remove('a')
      }
    })
  })
}
