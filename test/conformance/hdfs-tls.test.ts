import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { Server, ServerOptions } from 'node:https'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { hdfsStore, openWebHdfs } from '../../engine/store/hdfs.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { isOutage } from '../../engine/store/errors.ts'
import type { Store } from '../../engine/store/store.ts'
import { simulate } from '../../simulator/index.ts'
import { makeCertificate } from '../cluster/certificate.ts'
import { startHdfs, whyNoCluster } from '../cluster/cluster.ts'
import type { Hdfs } from '../cluster/cluster.ts'
import { freePort } from '../cluster/daemon.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { storeSuite } from '../support/store-suite.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: a lake on a real HDFS with TLS, ${why} here`)

const text = async (store: Store, path: string) => Buffer.from(await store.read(path)).toString()

describe.skipIf(why)('a lake on HDFS with TLS', () => {
  const folder = temporaryFolder()
  const servers: Server[] = []
  let hdfs: Hdfs
  let lakes = 0
  const newLake = () => `${hdfs.tls!.root}/lakes/${(lakes += 1)}`

  beforeAll(async () => {
    hdfs = await startHdfs({ tls: true })
  })
  afterAll(async () => {
    for (const server of servers) server.close().closeAllConnections()
    await hdfs?.stop()
  })
  beforeEach(() => vi.stubEnv('SISKIN_HDFS_CA', hdfs.tls!.ca))
  afterEach(() => vi.unstubAllEnvs())

  storeSuite('HDFS with TLS', async () => hdfsStore(newLake()))

  test('run, run again, verify, inspect; the same lake without TLS', async () => {
    const archive = join(folder, 'night.tar.gz')
    const night = { survey: 'ztf', start: '2026-01-12', seed: 4, scale: 0.003 } as const
    const { packets } = await simulate({ ...night, out: archive })
    const lake = newLake()
    const trust = ['--hdfs-ca', hdfs.tls!.ca]
    vi.stubEnv('SISKIN_HDFS_CA', undefined) // the flag and the file alone
    const run = ['run', archive, '--lake', lake, '--part-packets', '200', ...trust]
    const done = await siskin(run)
    expect(done.code, done.stderr).toBe(0)
    expect(done.stdout).toContain(`siskin verify --lake ${lake} --hdfs-ca ${hdfs.tls!.ca}`)
    const again = await siskin(run)
    expect(again.stdout).toContain(`nothing new: all ${packets} packets are in ${lake} already`)
    const config = join(folder, 'verify.yaml')
    writeFileSync(config, `lake: ${lake}\nhdfsCa: ${hdfs.tls!.ca}\n`)
    const verdict = await siskin(['verify', '--deep', '--json', '--config', config])
    expect(verdict.code, verdict.stderr).toBe(0)
    expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, received: packets })
    const seen = await siskin(['inspect', lake, ...trust])
    expect(seen.code, seen.stderr).toBe(0)
    const plain = lake.replace(hdfs.tls!.root, hdfs.root)
    const same = await siskin(['verify', '--json', '--lake', plain])
    expect(JSON.parse(same.stdout)).toMatchObject({ ok: true, received: packets })
  })

  test('nothing goes without TLS: a NameNode that sends to plain HTTP is not followed', async () => {
    const location = `http://${hdfs.address}/webhdfs/v1/a?op=CREATE`
    const lake = await serverAt(makeCertificate(folder, undefined, 'leading'), location)
    await expect(openStore(lake).write('a', [Buffer.from('1')])).rejects.toThrow(
      /it sends to a DataNode without TLS \(127\.0\.0\.1:\d+\): set dfs\.datanode\.https\.address/
    )
  })

  const refused = async (lake: string, message: RegExp) => {
    const started = Date.now()
    const { code, stdout, stderr } = await siskin(['verify', '--lake', lake])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(message)])
    expect(Date.now() - started).toBeLessThan(15_000)
  }

  test('an authority that nobody trusts', async () => {
    vi.stubEnv('SISKIN_HDFS_CA', 'system')
    await refused(
      newLake(),
      /NameNode 127\.0\.0\.1:\d+ has a certificate of an authority that is not trusted \(self-signed certificate.*give the authority's with --hdfs-ca/
    )
  })

  test('a certificate for another name', async () => {
    const other = makeCertificate(folder, 'dns:elsewhere.example.org', 'other')
    const lake = await serverAt(other)
    vi.stubEnv('SISKIN_HDFS_CA', other.pem)
    await refused(
      lake,
      /NameNode 127\.0\.0\.1:\d+ has a certificate for other names \(IP: 127\.0\.0\.1 is not in the cert's list/
    )
  })

  test('TLS spoken to a port without, and the reverse', async () => {
    const plain = `swebhdfs://${hdfs.address}/lake`
    await refused(plain, /NameNode 127.*does not speak TLS: give its port for HTTPS \(9871\)/)
    await refused(`hdfs://${hdfs.tls!.address}/lake`, /it wants TLS: give swebhdfs:\/\/… with this/)
    const rpc = hdfs.rpc.replace('hdfs:', 'swebhdfs:')
    await refused(`${rpc}/lake`, /NameNode 127.*does not speak TLS: give its port for HTTPS/)
  })

  test('nobody at the address, and an address that is none', async () => {
    await refused(`swebhdfs://127.0.0.1:${await freePort()}/lake`, /no active NameNode answers at/)
    const { code, stderr } = await siskin(['verify', '--lake', 'swebhdfs://a:x/lake'])
    expect([code, stderr]).toEqual([2, expect.stringMatching(/"a:x".*swebhdfs:\/\/host:9871\//)])
  })

  test('an authority that is no file, or no certificate: wrong use at the start', async () => {
    const junk = join(folder, 'junk.pem')
    writeFileSync(junk, 'no certificate')
    for (const [ca, reason] of [
      [join(folder, 'none.pem'), /the authority's certificate .*none\.pem: ENOENT/],
      [junk, /the authority's certificate .*junk\.pem: it holds no certificate \(PEM\)/]
    ] as const) {
      const { code, stderr } = await siskin(['verify', '--lake', newLake(), '--hdfs-ca', ca])
      expect([code, stderr]).toEqual([2, expect.stringMatching(reason)])
    }
  })

  test('an authority that is gone later is waited for, and told as an outage', async () => {
    const ca = join(folder, 'moving.pem')
    vi.stubEnv('SISKIN_HDFS_CA', ca)
    const lake = newLake()
    const gone = hdfsStore(lake, openWebHdfs(lake, 500)).write('a', [])
    await expect(gone).rejects.toThrow(
      /cannot write swebhdfs:.*the authority's certificate .*ENOENT/
    )
    expect(await gone.catch(isOutage)).toBe(true)
    const waiting = hdfsStore(lake).write('a', [Buffer.from('1')])
    await delay(300)
    writeFileSync(ca, readFileSync(hdfs.tls!.ca))
    expect(await waiting).toBe(1)
    rmSync(ca)
  })

  /** A NameNode that sends everybody elsewhere. */
  async function serverAt(
    { keyStore, password }: ReturnType<typeof makeCertificate>,
    location = ''
  ): Promise<string> {
    const options: ServerOptions = { pfx: readFileSync(keyStore), passphrase: password }
    const server = createServer(options, (_, response) =>
      response.writeHead(307, { location }).end()
    )
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    vi.stubEnv('SISKIN_HDFS_CA', keyStore.replace(/p12$/, 'pem'))
    return `swebhdfs://127.0.0.1:${(server.address() as AddressInfo).port}/lake`
  }
})

describe.skipIf(why)('HDFS with TLS and two NameNodes', () => {
  let pair: Hdfs
  beforeAll(async () => {
    pair = await startHdfs({ standby: true, tls: true })
    vi.stubEnv('SISKIN_HDFS_CA', pair.tls!.ca)
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await pair?.stop()
  })

  test('the active one is found, handed over and killed: writers go on', async () => {
    const store = hdfsStore(`${pair.tls!.root}/lake`)
    await store.write('0', [Buffer.from('0')])
    pair.ha(['-failover', 'nn1', 'nn2'])
    await store.write('1', [Buffer.from('1')])
    expect(await text(store, '1')).toBe('1')
    await pair.nameNodes[1]!.kill()
    pair.ha(['-transitionToActive', '--forceactive', 'nn1'])
    expect(await text(store, '0')).toBe('0')
  })
})
