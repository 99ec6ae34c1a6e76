import { expect, it } from 'vitest'
import type { Finding } from '../../engine/verify/finding.ts'
import { localStore } from '../../engine/store/local.ts'
import { leftOvers } from '../../engine/verify/strays.ts'
import { attemptName } from '../../engine/stream/commit/recovery.ts'
import { temporaryFolder } from '../support/siskin.ts'

it('what a member has staged is no finding beside a live stream, and its members’ else', async () => {
  const store = localStore(temporaryFolder())
  const folder = `_siskin/staging/night-0/${attemptName(3, '5f0c', 4)}/0000000000-0000000009`
  await store.write(`${folder}/record.json`, [Buffer.from('{}')])
  const findingsOf = async (isLive: boolean) => {
    const found: Finding[] = []
    await leftOvers(store, { isLive, knowsKafka: true }, (finding) => found.push(finding))
    return found.map(({ text }) => text)
  }
  expect(await findingsOf(true)).toEqual([])
  expect(await findingsOf(false)).toEqual([
    `${folder} lies staged; the next member that gets the partition recovers it`
  ])
})
