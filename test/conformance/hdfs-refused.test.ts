import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { whyNoCluster } from '../cluster/cluster.ts'
import { sharedHdfs, sharedKafka } from '../cluster/shared.ts'
import type { SharedHdfs, SharedKafka } from '../cluster/shared.ts'
import { freePort } from '../cluster/daemon.ts'
import { makeTopic } from '../stream/support.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: every command refused by a real HDFS, ${why} here`)

const COMMANDS = ['run', 'stream', 'verify', 'inspect', 'truth'] as const
const OWN = ['--group', 'refused', '--out-prefix', 'refused-', '--until-idle', '1']
const MOST_MS = 15_000

describe.skipIf(why)('a lake on HDFS that cannot be had: one clear error within 15 s', () => {
  const folder = temporaryFolder()
  const archive = join(folder, 'night.tar')
  const servers: Server[] = []
  let hdfs: SharedHdfs
  let kafka: SharedKafka

  beforeAll(async () => {
    const night = { survey: 'ztf', start: '2026-01-12', seed: 4, scale: 0.0005 } as const
    ;[hdfs, kafka] = await Promise.all([sharedHdfs(), sharedKafka()])
    await simulate({ ...night, out: archive })
    await makeTopic(kafka, { topic: 'refused-night', partitions: 1 })
    const done = await siskin(['run', archive, '--lake', `${hdfs.root}/own/lake`])
    expect(done.code, done.stderr).toBe(0)
    await setPermission('/own', '700')
  })

  afterAll(() => {
    for (const server of servers) server.close().closeAllConnections()
  })

  async function setPermission(path: string, permission: string): Promise<void> {
    const { SISKIN_HDFS_USER: user = process.env['USER'] ?? 'root' } = process.env
    const query = `op=SETPERMISSION&permission=${permission}&user.name=${user}`
    const url = `http://${hdfs.address}/webhdfs/v1${path}?${query}`
    expect((await fetch(url, { method: 'PUT' })).status).toBe(200)
  }

  const argsOf = (command: (typeof COMMANDS)[number], lake: string): string[] => {
    const brokers = ['--brokers', kafka.bootstrap]
    switch (command) {
      case 'run':
        return [command, archive, '--lake', lake]
      case 'stream':
        return [command, '--lake', lake, '--topics', 'refused-night', ...OWN, ...brokers]
      case 'inspect':
        return [command, lake]
      case 'truth':
        return [command, '--lake', lake, '--truth', join(folder, 'night.truth.parquet')]
      default:
        return [command, '--lake', lake, ...brokers]
    }
  }

  const refused = async (lake: string, message: RegExp, env: Record<string, string> = {}) => {
    const started = performance.now()
    const refuse = async (command: (typeof COMMANDS)[number]) => {
      const { code, stderr } = await siskin(argsOf(command, lake), env)
      const told = stderr.split('\n').filter((line) => line.startsWith('siskin: '))
      expect(performance.now() - started, command).toBeLessThan(MOST_MS)
      return { command, code, told }
    }
    expect(await Promise.all(COMMANDS.map(refuse))).toEqual(
      COMMANDS.map((command) => ({ command, code: 1, told: [expect.stringMatching(message)] }))
    )
  }

  const serverAt = async (server: Server) => {
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `hdfs://127.0.0.1:${(server.address() as AddressInfo).port}/lake`
  }

  test('nobody at the address', async () => {
    const lake = `hdfs://127.0.0.1:${await freePort()}/lake`
    await refused(lake, /no active NameNode answers at .*ECONNREFUSED.*is the address right/)
  })

  test('a NameNode that takes the connection and is silent', async () => {
    const lake = await serverAt(createServer(() => {}))
    await refused(lake, /no active NameNode answers at .*no answer in 10 s/)
  })

  test('a folder of another user', async () => {
    const guest = { SISKIN_HDFS_USER: 'guest' }
    const message = /no permission for user "guest" \(Permission denied.*SISKIN_HDFS_USER/
    await refused(`${hdfs.root}/own/lake`, message, guest)
  })

  test('a folder that is not there yet, below one of another user', async () => {
    const lake = `${hdfs.root}/own/none/lake`
    await refused(lake, /no permission for user "guest"/, { SISKIN_HDFS_USER: 'guest' })
  })

  test('a delegation token that has expired', async () => {
    const message = 'token (token for guest: HDFS_DELEGATION_TOKEN owner=guest) is expired'
    const told = { RemoteException: { exception: 'InvalidToken', message } }
    const lake = await serverAt(
      createServer((_, response) => response.writeHead(403).end(JSON.stringify(told)))
    )
    const expired = /the delegation token is not taken \(token \(.*is expired\): put a new one into/
    await refused(lake, expired, { SISKIN_HDFS_TOKEN: 'the-token' })
  })

  test('a lake that may be read and not written: looked at, not filled', async () => {
    await setPermission('/own', '755')
    const lake = `${hdfs.root}/own/lake`
    const guest = { SISKIN_HDFS_USER: 'guest' }
    expect((await siskin(argsOf('inspect', lake), guest)).code).toBe(0)
    expect((await siskin(['verify', '--lake', lake], guest)).code).toBe(0)
    for (const command of ['run', 'stream'] as const) {
      const { code, stderr } = await siskin(argsOf(command, lake), guest)
      expect([code, stderr]).toEqual([1, expect.stringContaining('no permission for user "guest"')])
    }
  })
})
