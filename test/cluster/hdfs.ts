import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificate } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { bringUp, Daemon, dataFolder, freePort, runJava } from './daemon.ts'
import type { Life } from './daemon.ts'
import { OPEN_JAVA, writeConfig } from './hadoop.ts'
import type { Properties } from './hadoop.ts'
import { javaFor, jarsOf } from './jars.ts'
import type { Use } from './jars.ts'

export interface HdfsOptions extends Use {
  /** Lines of hdfs-site.xml that differ. */
  readonly properties?: Properties
  /** Adds ports that speak TLS, see `tls`. */
  readonly tls?: boolean
  /** Two NameNodes, the first of them active: `ha(['-transitionToActive', 'nn2'])` hands over. */
  readonly standby?: boolean
  /** Where its data lies, instead of a temporary folder that `stop` removes. */
  readonly folder?: string
  /** Outlives this process. */
  readonly keep?: boolean
}

/** HDFS with one DataNode. */
export interface Hdfs extends Life {
  readonly name: 'hdfs'
  /** The WebHDFS address, `127.0.0.1:port`; with a standby both, `127.0.0.1:port,127.0.0.1:port`. */
  readonly address: string
  /** `hdfs://` and the address: a lake root is this, a slash and a path. */
  readonly root: string
  /** The same with TLS, `swebhdfs://…`, and the certificate (PEM) to trust it by. */
  readonly tls: { readonly address: string; readonly root: string; readonly ca: string } | null
  /** What Java clients of HDFS connect to, `hdfs://127.0.0.1:port`. */
  readonly rpc: string
  readonly folder: string
  readonly nameNodes: readonly Daemon[]
  readonly dataNode: Daemon
  readonly daemons: readonly Daemon[]
  /** `hdfs dfsadmin`, e.g. `['-safemode', 'enter']`; returns what it printed. */
  admin(args: readonly string[]): string
  /** `hdfs haadmin`. */
  ha(args: readonly string[]): string
}

interface Ports {
  readonly http: number
  readonly https: number
  readonly rpc: number
}

const JVM = ['-Xmx256m', '-Xms64m', ...OPEN_JAVA]
const STOP_MS = 10_000
const SERVER = 'org.apache.hadoop.hdfs.server'

/** Starts a NameNode and a DataNode with WebHDFS. */
export async function startHdfs(options: HdfsOptions = {}): Promise<Hdfs> {
  const folder = dataFolder('hdfs', options.folder)
  const jars = join(jarsOf('hdfs'), '*')
  const nodes: Ports[] = []
  for (let i = 0; i < (options.standby ? 2 : 1); i++) {
    nodes.push({ http: await freePort(), https: await freePort(), rpc: await freePort() })
  }
  const certificate = options.tls ? makeCertificate(folder) : null
  const tls = certificate ? await tlsProperties() : {}
  const site = await siteOf(folder, nodes, { ...tls, ...options.properties })
  const configs = nodes.map((_, i) => configOf(folder, nodes, site, i, certificate))
  const nameNodes = nodes.map((node, i) =>
    nameNodeOf(folder, [configs[i]!, jars], node, i, options)
  )
  const dataNode = dataNodeOf(folder, [configs[0]!, jars], nodes, options)
  const tool = (main: string, args: readonly string[]) =>
    runJava(['-Xmx128m', ...javaFor({}), ...OPEN_JAVA], [configs[0]!, jars], main, args)
  const ha = (args: readonly string[]) => tool('org.apache.hadoop.hdfs.tools.DFSHAAdmin', args)
  const start = async () => {
    const active = Promise.all(nameNodes.map((node) => node.start())).then(() => {
      if (options.standby) ha(['-transitionToActive', 'nn1'])
    })
    await Promise.all([active, dataNode.start()])
  }
  const daemons = [...nameNodes, dataNode]
  format(folder, configs[0]!, jars, nodes.length)
  const life = await bringUp(daemons, start, options.folder ? null : folder)
  const address = nodes.map(({ http }) => `127.0.0.1:${http}`).join(',')
  const secure = nodes.map(({ https }) => `127.0.0.1:${https}`).join(',')
  return {
    ...life,
    name: 'hdfs',
    address,
    root: `hdfs://${address}`,
    tls: certificate && { address: secure, root: `swebhdfs://${secure}`, ca: certificate.pem },
    rpc: `hdfs://127.0.0.1:${nodes[0]!.rpc}`,
    folder,
    nameNodes,
    dataNode,
    daemons,
    admin: (args) => tool('org.apache.hadoop.hdfs.tools.DFSAdmin', args),
    ha
  }
}

async function siteOf(
  folder: string,
  nodes: readonly Ports[],
  properties: Properties = {}
): Promise<Properties> {
  const local = async () => `127.0.0.1:${await freePort()}`
  return {
    'dfs.replication': 1,
    'dfs.datanode.data.dir': join(folder, 'data'),
    'dfs.datanode.hostname': '127.0.0.1',
    'dfs.datanode.address': await local(),
    'dfs.datanode.http.address': await local(),
    'dfs.datanode.ipc.address': await local(),
    'dfs.datanode.synconclose': true,
    // A file that is closed before its DataNode reported the last block waits this long.
    'dfs.client.block.write.locateFollowingBlock.initial.delay.ms': 10,
    'dfs.namenode.safemode.extension': 0,
    'dfs.heartbeat.interval': 1,
    'dfs.namenode.heartbeat.recheck-interval': 1000,
    'dfs.namenode.stale.datanode.interval': 3000,
    'dfs.namenode.handler.count': 4,
    'dfs.namenode.datanode.registration.ip-hostname-check': false,
    ...(nodes.length > 1 ? haProperties(folder, nodes) : {}),
    ...properties
  }
}

async function tlsProperties(): Promise<Properties> {
  return {
    'dfs.http.policy': 'HTTP_AND_HTTPS',
    'dfs.datanode.https.address': `127.0.0.1:${await freePort()}`
  }
}

/** What servers with TLS read beside their site. */
function sslServer({ keyStore, password }: Certificate): Properties {
  return {
    'ssl.server.keystore.location': keyStore,
    'ssl.server.keystore.type': 'PKCS12',
    'ssl.server.keystore.password': password,
    'ssl.server.keystore.keypassword': password
  }
}

/** Both NameNodes keep their edits in one folder, as they would on a shared disk. */
function haProperties(folder: string, nodes: readonly Ports[]): Properties {
  const properties: Record<string, string | number | boolean> = {
    'dfs.nameservices': 'siskin',
    'dfs.ha.namenodes.siskin': 'nn1,nn2',
    'dfs.namenode.shared.edits.dir': `file://${join(folder, 'edits')}`,
    'dfs.ha.fencing.methods': 'shell(/bin/true)',
    'dfs.ha.tail-edits.period': 1,
    'dfs.client.failover.proxy.provider.siskin':
      'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider'
  }
  for (const [i, { http, https, rpc }] of nodes.entries()) {
    properties[`dfs.namenode.rpc-address.siskin.nn${i + 1}`] = `127.0.0.1:${rpc}`
    properties[`dfs.namenode.http-address.siskin.nn${i + 1}`] = `127.0.0.1:${http}`
    properties[`dfs.namenode.https-address.siskin.nn${i + 1}`] = `127.0.0.1:${https}`
  }
  return properties
}

function configOf(
  folder: string,
  nodes: readonly Ports[],
  site: Properties,
  index: number,
  certificate: Certificate | null
): string {
  const { http, https, rpc } = nodes[index]!
  const alone = nodes.length === 1
  return writeConfig(join(folder, `nn${index + 1}`), {
    'core-site.xml': {
      'fs.defaultFS': alone ? `hdfs://127.0.0.1:${rpc}` : 'hdfs://siskin',
      'hadoop.tmp.dir': join(folder, 'tmp'),
      'ipc.client.connect.max.retries': 3
    },
    'hdfs-site.xml': {
      'dfs.namenode.name.dir': join(folder, `name${index + 1}`),
      ...(alone
        ? {
            'dfs.namenode.rpc-address': `127.0.0.1:${rpc}`,
            'dfs.namenode.http-address': `127.0.0.1:${http}`,
            'dfs.namenode.https-address': `127.0.0.1:${https}`
          }
        : { 'dfs.ha.namenode.id': `nn${index + 1}` }),
      ...site
    },
    ...(certificate && { 'ssl-server.xml': sslServer(certificate) })
  })
}

/** Makes an empty file system, unless there is one. The standby begins with a copy of it. */
function format(folder: string, config: string, jars: string, nodes: number): void {
  const names = join(folder, 'name1')
  if (existsSync(names)) return
  const args = ['-format', '-nonInteractive']
  runJava([...javaFor({}), ...JVM], [config, jars], `${SERVER}.namenode.NameNode`, args)
  if (nodes > 1) cpSync(names, join(folder, 'name2'), { recursive: true })
}

function nameNodeOf(
  folder: string,
  classPath: readonly string[],
  { http }: Ports,
  index: number,
  options: HdfsOptions
): Daemon {
  return new Daemon({
    name: `namenode${index + 1}`,
    classPath,
    main: `${SERVER}.namenode.NameNode`,
    args: [],
    jvm: [...javaFor(options), ...JVM],
    folder,
    temporary: options.folder === undefined,
    keep: options.keep === true,
    stopMs: STOP_MS,
    answers: async () =>
      (await askBean(http, 'NameNodeStatus'))['State'] !== undefined && (await isWarm(http))
  })
}

/** It answers when the NameNode counts it and is out of safe mode: then files can be written. */
function dataNodeOf(
  folder: string,
  classPath: readonly string[],
  nodes: readonly Ports[],
  options: HdfsOptions
): Daemon {
  return new Daemon({
    name: 'datanode',
    classPath,
    main: `${SERVER}.datanode.DataNode`,
    args: [],
    jvm: [...javaFor(options), ...JVM],
    folder,
    temporary: options.folder === undefined,
    keep: options.keep === true,
    stopMs: STOP_MS,
    async answers() {
      const states = await Promise.all(
        nodes.map(({ http }) => askBean(http, 'FSNamesystemState').catch(() => null))
      )
      const counting = states.filter((state) => state !== null)
      return (
        counting.length > 0 &&
        counting.every(
          (state) => state['NumLiveDataNodes'] === 1 && state['FSState'] === 'Operational'
        )
      )
    }
  })
}

/** The first question to WebHDFS takes much longer than clients wait: it is asked here. A standby refuses it. */
async function isWarm(port: number): Promise<boolean> {
  const url = `http://127.0.0.1:${port}/webhdfs/v1/?op=LISTSTATUS`
  const { status } = await fetch(url, { signal: AbortSignal.timeout(60_000) })
  return status === 200 || status === 403
}

async function askBean(port: number, name: string): Promise<Record<string, unknown>> {
  const query = `http://127.0.0.1:${port}/jmx?qry=Hadoop:service=NameNode,name=${name}`
  const answer = await fetch(query, { signal: AbortSignal.timeout(2000) })
  const { beans } = (await answer.json()) as { beans: Record<string, unknown>[] }
  return beans[0] ?? {}
}
