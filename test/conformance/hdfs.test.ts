import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { codeOf } from '../../engine/errors.ts'
import { localPaths } from '../../engine/truth/hdfs-copies.ts'
import { hdfsStore, openWebHdfs } from '../../engine/store/hdfs.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { WebHdfs } from '../../engine/store/webhdfs.ts'
import { startHdfs, whyNoCluster } from '../cluster/cluster.ts'
import type { Hdfs } from '../cluster/cluster.ts'
import { freePort } from '../cluster/daemon.ts'
import { startLossyProxy } from '../cluster/lossy-proxy.ts'
import { simulate } from '../../simulator/index.ts'
import { ask } from '../support/ask.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { storeSuite } from '../support/store-suite.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: a lake on a real HDFS, ${why} here`)

let hdfs: Hdfs
let lakes = 0
const newLake = () => `${hdfs.root}/lakes/${(lakes += 1)}`
const newStore = () => hdfsStore(newLake())
const impatient = (root: string) => hdfsStore(root, openWebHdfs(root, 1500))
const text = async (store: Store, path: string) => Buffer.from(await store.read(path)).toString()
const admin = async (...args: string[]) => hdfs.admin(args)
const code = (error: unknown) => codeOf((error as Error).cause)

beforeAll(async () => {
  if (!why) hdfs = await startHdfs()
})

afterAll(async () => {
  await hdfs?.stop()
})

describe.skipIf(why)('a lake on HDFS', () => {
  storeSuite('HDFS', async () => newStore())

  test('is opened by its address', async () => {
    const lake = newLake()
    await openStore(lake).write('a', [Buffer.from('1')])
    expect(await text(openStore(`${lake.replace('hdfs:', 'webhdfs:')}/`), 'a')).toBe('1')
    expect(() => openStore('hdfs:///lake')).toThrow(/"" is no host of a NameNode/)
    expect(() => openStore('hdfs://a:x/lake')).toThrow(/"a:x" is no host/)
  })

  test('names that a URL would take for something else', async () => {
    const store = newStore()
    const path = 'night=20260110/a b+c%20d&e?f#g;é.parquet'
    await store.write(path, [Buffer.from('1')])
    await store.rename(path, `x/${path}`)
    expect(await store.list('')).toEqual([{ path: `x/${path}`, size: 1 }])
    expect(await text(store, `x/${path}`)).toBe('1')
  })

  test('a part of the path that is a file is named', async () => {
    const store = newStore()
    await store.write('file', [])
    await expect(store.write('file/a', [])).rejects.toThrow(/a part of the path is a file/)
    expect(await store.size('file/a')).toBeNull()
    expect(await store.list('file/a')).toEqual([])
    expect(await store.list('file')).toEqual([])
  })

  test('what a dead writer left half written is not in the lake and in nobody’s way', async () => {
    const lake = newLake()
    const store = hdfsStore(lake)
    const folder = new URL(lake.replace('hdfs:', 'http:')).pathname
    await openWebHdfs(lake).create(`${folder}/.writing-1-a`, [Buffer.from('half')])
    expect(await store.list('')).toEqual([])
    await store.write('a', [Buffer.from('whole')])
    expect(await store.list('')).toEqual([{ path: 'a', size: 5 }])
  })

  test('the answer lost of a rename into a folder that had to be made', async () => {
    const proxy = await startLossyProxy(Number(hdfs.address.split(':')[1]), [])
    const store = hdfsStore(newLake().replace(hdfs.address, `127.0.0.1:${proxy.port}`))
    await store.write('a', [Buffer.from('1')])
    proxy.loseAfter('MKDIRS', 'OVERWRITE')
    await store.rename('a', 'b/c')
    expect(await store.list('')).toEqual([{ path: 'b/c', size: 1 }])
    proxy.stop()
    expect(proxy.lost).toBe(1)
  })

  test('answers that are lost on the way: all is done once', async () => {
    const words = [
      'CREATE',
      'GETFILESTATUS',
      'RENAME',
      'OVERWRITE',
      'MKDIRS',
      'OPEN',
      'LISTSTATUS',
      'DELETE'
    ]
    const proxy = await startLossyProxy(Number(hdfs.address.split(':')[1]), words)
    const store = hdfsStore(newLake().replace(hdfs.address, `127.0.0.1:${proxy.port}`))
    await store.write('a', [Buffer.from('1')])
    await store.rename('a', 'b/c')
    await store.rename('b/c', 'b/d')
    expect(await text(store, 'b/d')).toBe('1')
    expect(await store.list('')).toEqual([{ path: 'b/d', size: 1 }])
    await store.remove('b')
    expect(await store.list('')).toEqual([])
    proxy.stop()
    expect(proxy.lost).toBe(words.length)
  })
})

describe.skipIf(why)('siskin with its lake on HDFS', () => {
  const folder = temporaryFolder()

  test('run, run again, verify', async () => {
    const archive = join(folder, 'night.tar.gz')
    const night = { survey: 'ztf', start: '2026-01-12', seed: 4, scale: 0.003 } as const
    const { packets } = await simulate({ ...night, out: archive, duplicates: 0.02 })
    const lake = newLake()
    const done = await siskin(['run', archive, '--lake', lake, '--json', '--part-packets', '200'])
    expect(done.code, done.stderr).toBe(0)
    const again = await siskin(['run', archive, '--lake', lake])
    expect(again.stdout).toContain(`nothing new: all ${packets} packets are in ${lake} already`)
    const verdict = await ask(['verify', '--lake', lake, '--deep', '--json'])
    expect(verdict.code, verdict.stdout).toBe(0)
    expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, received: packets })
    const { alerts } = JSON.parse(done.stdout) as { alerts: number }
    expect(JSON.parse(verdict.stdout)).toMatchObject({ alerts })
  })

  test('its files as local ones: copied once, again when they changed', async () => {
    vi.stubEnv('SISKIN_CACHE', join(folder, 'cache'))
    const store = newStore()
    const file = {
      path: 'ztf/a.parquet',
      kind: 'alerts',
      bytes: 5,
      rows: 1,
      crc32: '00000000'
    } as const
    for (const content of ['first', 'other']) {
      await store.remove(file.path)
      await store.write(file.path, [Buffer.from(content)])
      const [copy] = await localPaths(store, [file])
      expect(readFileSync(copy!, 'utf8')).toBe(content)
      const { mtimeMs } = statSync(copy!)
      expect(await localPaths(store, [file])).toEqual([copy])
      expect(statSync(copy!).mtimeMs).toBe(mtimeMs)
    }
    expect(await localPaths(openStore('some/lake'), [file])).toEqual(['some/lake/ztf/a.parquet'])
    vi.unstubAllEnvs()
  })

  test('no lake, and no HDFS: one error, exit code 2 or 1', async () => {
    const nothing = await ask(['verify', '--lake', newLake()])
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('holds no lake')])
    const dead = await ask(['verify', '--lake', `hdfs://127.0.0.1:${await freePort()}/lake`])
    expect(dead.code).toBe(1)
    expect(dead.stderr).toMatch(/^siskin: .*no active NameNode answers/)
  })
})

describe.skipIf(why)('HDFS that says no', () => {
  test('nobody at the address: told within 15 s', async () => {
    const store = openStore(
      `hdfs://127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}/lake`
    )
    const started = Date.now()
    await expect(store.write('a', [])).rejects.toThrow(
      /cannot write hdfs:.*\/lake\/a: no active NameNode answers at 127.0.0.1:\d+, 127.0.0.1:\d+ \(.*ECONNREFUSED.*\): is the address right, and is HDFS up\?/
    )
    expect(Date.now() - started).toBeLessThan(15_000)
  })

  test('the port of another protocol', async () => {
    const store = openStore(`${hdfs.rpc}/lake`)
    await expect(store.list('')).rejects.toThrow(
      /port of the RPC protocol: give the port of WebHDFS/
    )
  })

  test('no permission: the user is named', async () => {
    const lake = newLake()
    await hdfsStore(lake).write('a', [])
    const guest = hdfsStore(lake, new WebHdfs({ nameNodes: [hdfs.address], user: 'guest' }))
    const refused = /no permission for user "guest" \(.*SISKIN_HDFS_USER/
    await expect(guest.write('b', [])).rejects.toThrow(refused)
    await expect(guest.rename('a', 'b')).rejects.toThrow(refused)
    await expect(guest.remove('a')).rejects.toThrow(refused)
    expect(await guest.size('a')).toBe(0)
  })

  test('a delegation token takes the place of the user, and is in no message', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(403).end('{"RemoteException":{"exception":"InvalidToken"}}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const nameNodes = [`127.0.0.1:${(server.address() as AddressInfo).port}`]
    const options = { nameNodes, user: 'guest', token: 'the-token' }
    const refused = hdfsStore(`hdfs://${nameNodes[0]}/lake`, new WebHdfs(options)).write('a', [])
    await expect(refused).rejects.toThrow(/^(?!.*the-token).*the delegation token is not taken/)
    server.close()
    expect(asked[0]).toContain('delegation=the-token')
    expect(asked[0]).not.toContain('guest')
  })

  test('a quota that is used up', async () => {
    const lake = newLake()
    const store = hdfsStore(lake)
    await store.write('a', [])
    await admin('-setSpaceQuota', '1m', new URL(lake.replace('hdfs:', 'http:')).pathname)
    const full = store.write('b', [Buffer.alloc(2_000_000)])
    await expect(full).rejects.toThrow(/the quota of the folder is used up/)
    await full.catch((error: unknown) => expect(code(error)).toBe('EDQUOT'))
    expect(await store.list('')).toEqual([{ path: 'a', size: 0 }])
  })
})

describe.skipIf(why)('HDFS that has a bad day', () => {
  test('a NameNode restarted in the middle: writers wait, nothing is lost or doubled', async () => {
    const store = newStore()
    const day = { isOver: false }
    const restarted = restartNameNode().finally(() => (day.isOver = true))
    let written = 0
    try {
      for (; !day.isOver || written < 20; written++) {
        await store.write(`staged/${written}`, [Buffer.from(`content ${written}`)])
        await store.rename(`staged/${written}`, `placed/${written % 5}/${written}`)
      }
    } finally {
      await restarted
    }
    const files = await store.list('')
    expect(files).toHaveLength(written)
    for (const { path } of files)
      expect(await text(store, path)).toBe(`content ${path.split('/').at(-1)}`)
  })

  async function restartNameNode(): Promise<void> {
    await delay(300)
    await hdfs.nameNodes[0]!.stop()
    await hdfs.nameNodes[0]!.start()
  }

  test('safe mode: waits for its end, tells of it when it lasts', async () => {
    const lake = newLake()
    await admin('-safemode', 'enter')
    await expect(impatient(lake).write('a', [])).rejects.toThrow(/the NameNode is in safe mode/)
    const waiting = hdfsStore(lake).write('a', [Buffer.from('1')])
    await admin('-safemode', 'leave')
    expect(await waiting).toBe(1)
  })

  test('no DataNode: told as a full cluster; a write goes on when one is back', async () => {
    const lake = newLake()
    const store = hdfsStore(lake)
    await hdfs.dataNode.kill()
    const refused = impatient(lake).write('a', [Buffer.from('1')])
    await expect(refused).rejects.toThrow(
      /no DataNode takes the data: they are full, or down|ECONNREFUSED/
    )
    const waiting = store.write('a', [Buffer.from('1')])
    await hdfs.dataNode.start()
    expect(await waiting).toBe(1)
    expect(await text(store, 'a')).toBe('1')
  })

  test('a DataNode killed in the middle of a write: the file is whole after it', async () => {
    const store = newStore()
    const pieces = Array.from({ length: 96 }, (_, i) => Buffer.alloc(1024 * 1024, i))
    const writing = store.write('large', pieces)
    await delay(150)
    await hdfs.dataNode.kill()
    await hdfs.dataNode.start()
    expect(await writing).toBe(96 * 1024 * 1024)
    expect(await store.list('')).toEqual([{ path: 'large', size: 96 * 1024 * 1024 }])
    expect(Buffer.concat(pieces).equals(await store.read('large'))).toBe(true)
  })

  test('a DataNode killed in the middle of a read: the bytes are whole', async () => {
    const store = newStore()
    const piece = Buffer.alloc(64 * 1024 * 1024, 7)
    await store.write('large', [piece])
    const reading = store.read('large')
    await delay(30)
    await hdfs.dataNode.kill()
    await hdfs.dataNode.start()
    expect(piece.equals(await reading)).toBe(true)
  })
})
