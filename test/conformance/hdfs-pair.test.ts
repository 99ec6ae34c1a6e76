import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hdfsStore } from '../../engine/store/hdfs.ts'
import type { Store } from '../../engine/store/store.ts'
import { startHdfs, whyNoCluster } from '../cluster/cluster.ts'
import type { Hdfs } from '../cluster/cluster.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: a lake on HDFS with two NameNodes, ${why} here`)

describe.skipIf(why)('HDFS with two NameNodes', () => {
  let pair: Hdfs
  const text = async (store: Store, path: string) => Buffer.from(await store.read(path)).toString()

  beforeAll(async () => {
    if (!why) pair = await startHdfs({ standby: true })
  })
  afterAll(async () => {
    await pair?.stop()
  })

  test('the active one is found, handed over and killed: writers go on', async () => {
    const store = hdfsStore(`${pair.root}/lake`)
    await store.write('0', [Buffer.from('0')])
    pair.ha(['-failover', 'nn1', 'nn2'])
    await store.write('1', [Buffer.from('1')])
    const other = pair.root.replace(/(127[^,]*),(.*)/, '$2,$1')
    expect(await text(hdfsStore(`${other}/lake`), '1')).toBe('1')
    await pair.nameNodes[1]!.kill()
    const waiting = store.rename('1', 'there/1')
    pair.ha(['-transitionToActive', '--forceactive', 'nn1'])
    await waiting
    expect(await store.list('')).toEqual([
      { path: '0', size: 1 },
      { path: 'there/1', size: 1 }
    ])
  })
})
