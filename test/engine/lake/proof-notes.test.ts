import { expect, test } from 'vitest'
import { changesOf, keepMarks, markOf, setMarksBack } from '../../../engine/verify/proof-notes.ts'
import { localStore } from '../../../engine/store/local.ts'
import { temporaryFolder } from '../../support/siskin.ts'

test('what is set back while a verify is on its way stays to be looked at, by its source alone', async () => {
  const store = localStore(temporaryFolder())
  const look = async (deep: boolean) => ({ at: 'now', deep, changes: await changesOf(store) })
  const nextOf = async (source: string) => (await markOf(store, source, false))?.next ?? null
  const first = await look(false)
  await setMarksBack(store, 'new', 10) // of a source that was never found whole
  await keepMarks(
    store,
    new Map([
      ['night', 100],
      ['new', 100]
    ]),
    first
  )
  expect([await nextOf('night'), await nextOf('new')]).toEqual([100, null])
  const second = await look(true)
  await setMarksBack(store, 'night', 50)
  await keepMarks(
    store,
    new Map([
      ['night', 200],
      ['new', 200]
    ]),
    second
  )
  expect([await nextOf('night'), await nextOf('new')]).toEqual([50, 200])
  await keepMarks(store, new Map([['night', 200]]), await look(false))
  expect(await nextOf('night')).toBe(200)
})
