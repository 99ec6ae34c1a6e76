import { join } from 'node:path'
import { bringUp, Daemon, dataFolder, freePort } from './daemon.ts'
import type { Life } from './daemon.ts'
import { OPEN_JAVA, writeConfig } from './hadoop.ts'
import type { Properties } from './hadoop.ts'
import type { Hdfs } from './hdfs.ts'
import { javaFor, jarsOf } from './jars.ts'
import type { Use } from './jars.ts'

export interface HBaseOptions extends Use {
  /** Where its tables lie. */
  readonly hdfs: Pick<Hdfs, 'rpc'>
  /** Lines of hbase-site.xml that differ. */
  readonly properties?: Properties
  /** Where its log and its ZooKeeper lie, instead of a temporary folder that `stop` removes. */
  readonly folder?: string
  /** Outlives this process. */
  readonly keep?: boolean
}

/**
 * HBase (master, region server and ZooKeeper in one process) and its REST gateway. Its tables stay in
 * HDFS when it stops.
 */
export interface HBase extends Life {
  readonly name: 'hbase'
  /** The REST gateway, `http://127.0.0.1:port`. */
  readonly address: string
  readonly folder: string
  readonly master: Daemon
  readonly rest: Daemon
  readonly daemons: readonly Daemon[]
}

const HEAP = '-Xmx512m -Xms64m'
const EXPORTS = ['java.base/jdk.internal.misc', 'java.security.jgss/sun.security.krb5']
const JVM = [
  HEAP.split(' '),
  OPEN_JAVA,
  EXPORTS.flatMap((name) => ['--add-exports', `${name}=ALL-UNNAMED`])
].flat()

/** It does not always end when told to, and its tables outlive a SIGKILL. */
const STOP_MS = 6_000

/** Starts HBase on an HDFS. */
export async function startHBase(options: HBaseOptions): Promise<HBase> {
  const folder = dataFolder('hbase', options.folder)
  const port = await freePort()
  const config = writeConfig(folder, {
    'hbase-site.xml': { ...(await siteOf(folder, options.hdfs.rpc, port)), ...options.properties }
  })
  const address = `http://127.0.0.1:${port}`
  const daemon = (name: string, main: string, answers: () => Promise<boolean>) =>
    new Daemon({
      name,
      classPath: [config, join(jarsOf('hbase'), '*')],
      main: `org.apache.hadoop.hbase.${main}`,
      args: ['start'],
      jvm: [...javaFor(options), ...JVM],
      folder,
      temporary: options.folder === undefined,
      keep: options.keep === true,
      stopMs: STOP_MS,
      answers
    })
  const rest = daemon('hbase-rest', 'rest.RESTServer', () => answersHBase(address))
  // The gateway is the one way in that needs no client of HBase: it tells when the master is up.
  const master = daemon('hbase', 'master.HMaster', async () => true)
  const start = async () => {
    await master.start()
    await rest.start()
  }
  const daemons = [master, rest]
  const life = await bringUp(daemons, start, options.folder ? null : folder)
  return { ...life, name: 'hbase', address, folder, master, rest, daemons }
}

async function siteOf(folder: string, hdfs: string, rest: number): Promise<Properties> {
  const zookeeper = await freePort()
  return {
    'hbase.rootdir': `${hdfs}/hbase`,
    'hbase.tmp.dir': join(folder, 'tmp'),
    'hbase.cluster.distributed': false,
    'hbase.unsafe.stream.capability.enforce': false,
    'hbase.zookeeper.quorum': '127.0.0.1',
    'hbase.zookeeper.property.clientPort': zookeeper,
    'hbase.zookeeper.property.dataDir': join(folder, 'zookeeper'),
    'hbase.master.ipc.address': '127.0.0.1',
    'hbase.master.hostname': '127.0.0.1',
    'hbase.master.port': await freePort(),
    'hbase.master.info.port': -1,
    'hbase.regionserver.ipc.address': '127.0.0.1',
    'hbase.regionserver.hostname': '127.0.0.1',
    'hbase.regionserver.port': await freePort(),
    'hbase.regionserver.info.port': -1,
    'hbase.regionserver.handler.count': 10,
    'hbase.rest.host': '127.0.0.1',
    'hbase.rest.port': rest,
    'hbase.rest.info.port': -1
  }
}

/** The gateway lists namespaces only when the master is ready to make tables. */
async function answersHBase(address: string): Promise<boolean> {
  const { ok } = await fetch(`${address}/namespaces`, { signal: AbortSignal.timeout(5000) })
  return ok
}
