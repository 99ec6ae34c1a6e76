import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { makeCertificate } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { bringUp, Daemon, dataFolder, freePort, runJava } from './daemon.ts'
import type { Life } from './daemon.ts'
import { LOG4J2 } from './hadoop.ts'
import { javaFor, jarsOf } from './jars.ts'
import type { Use } from './jars.ts'

export interface KafkaOptions extends Use {
  /** Adds a listener that asks for this user (SCRAM-SHA-256), see `saslBootstrap`. */
  readonly user?: { readonly name: string; readonly password: string }
  /** Adds a listener that speaks TLS, see `tlsBootstrap`. */
  readonly tls?: boolean
  /** Lines of the server's properties that differ. */
  readonly properties?: Readonly<Record<string, string | number>>
  /** Where its data lies, instead of a temporary folder that `stop` removes. */
  readonly folder?: string
  /** Outlives this process. */
  readonly keep?: boolean
}

/** A broker of one node. */
export interface Kafka extends Life {
  readonly name: 'kafka'
  /** `127.0.0.1:port`, no questions asked. */
  readonly bootstrap: string
  /** `127.0.0.1:port`, name and password; null without a user. */
  readonly saslBootstrap: string | null
  /** `127.0.0.1:port` of the listener that speaks TLS, and the certificate (PEM) to trust it by. */
  readonly tls: { readonly bootstrap: string; readonly ca: string } | null
  readonly port: number
  readonly folder: string
  readonly daemons: readonly Daemon[]
  /** SIGSTOP and SIGCONT. */
  pause(): void
  resume(): void
  /** Runs one of Kafka's own command line programs, by its main class; returns what it printed. */
  tool(main: string, args: readonly string[]): string
}

const STOP_MS = 15_000
const LOGGING = 'log4j2.properties'

/** Starts Kafka in KRaft mode, one node, topics made only when asked for. */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const jars = jarsOf('kafka')
  const classPath = [join(jars, '*')]
  const folder = dataFolder('kafka', options.folder)
  const ports = {
    plain: await freePort(),
    controller: await freePort(),
    sasl: options.user ? await freePort() : 0,
    tls: options.tls ? await freePort() : 0
  }
  const certificate = options.tls ? makeCertificate(folder) : null
  const port = ports.plain
  writeFileSync(join(folder, LOGGING), LOG4J2)
  const classes = new Classes(jars, folder)
  const jvm = [...javaFor(options), ...classes.known, loggingOf(folder)]
  const config = join(folder, 'server.properties')
  writeFileSync(config, propertiesText(folder, ports, certificate, options))
  format(classPath, ['-Xmx128m', ...jvm], config, options)
  const daemon = new Daemon({
    name: 'kafka',
    classPath,
    main: 'kafka.Kafka',
    args: [config],
    jvm: ['-Xmx400m', '-Xms64m', ...jvm, ...classes.toLearn],
    folder,
    temporary: options.folder === undefined,
    keep: options.keep === true,
    stopMs: STOP_MS,
    answers: () => answersKafka(port)
  })
  const life = await bringUp([daemon], () => daemon.start(), options.folder ? null : folder)
  const stop = async () => {
    await daemon.stop()
    classes.keep()
    await life.stop()
  }
  return {
    ...life,
    stop,
    name: 'kafka',
    bootstrap: `127.0.0.1:${port}`,
    saslBootstrap: options.user ? `127.0.0.1:${ports.sasl}` : null,
    tls: certificate && { bootstrap: `127.0.0.1:${ports.tls}`, ca: certificate.pem },
    port,
    folder,
    daemons: [daemon],
    pause: () => daemon.pause(),
    resume: () => daemon.resume(),
    tool: kafkaTool(folder)
  }
}

/** Runs Kafka's command line programs for the server whose data lie in `folder`. */
export function kafkaTool(folder: string): Kafka['tool'] {
  const jars = jarsOf('kafka')
  const { known } = new Classes(jars, folder)
  const jvm = ['-Xmx128m', ...javaFor({}), ...known, loggingOf(folder)]
  return (main, args) => runJava(jvm, [join(jars, '*')], main, args)
}

function propertiesText(
  folder: string,
  { plain, controller, sasl, tls }: Record<'plain' | 'controller' | 'sasl' | 'tls', number>,
  certificate: Certificate | null,
  options: KafkaOptions
): string {
  const listeners = [`PLAINTEXT://127.0.0.1:${plain}`]
  if (sasl) listeners.push(`SASL_PLAINTEXT://127.0.0.1:${sasl}`)
  if (tls) listeners.push(`SSL://127.0.0.1:${tls}`)
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controller}`].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-256',
    'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': false,
    'num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'controlled.shutdown.max.retries': 1,
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    ...(certificate && {
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': certificate.keyStore,
      'ssl.keystore.password': certificate.password
    }),
    ...options.properties
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

function format(
  classPath: readonly string[],
  jvm: readonly string[],
  config: string,
  { user }: KafkaOptions
): void {
  const id = randomBytes(16).toString('base64url').replace(/^-/, 'a')
  const scram = user
    ? ['--add-scram', `SCRAM-SHA-256=[name=${user.name},password=${user.password}]`]
    : []
  const args = ['format', '-t', id, '-c', config, '--ignore-formatted', ...scram]
  runJava(jvm, classPath, 'kafka.tools.StorageTool', args)
}

/** Kafka's classes as they lie in memory: the first server that ends leaves them to all that start later. */
class Classes {
  readonly #kept: string
  readonly #own: string

  constructor(jars: string, folder: string) {
    this.#kept = join(jars, 'kafka.jsa')
    this.#own = join(jars, `${basename(folder)}.jsa`)
  }

  get known(): string[] {
    return existsSync(this.#kept) ? [`-XX:SharedArchiveFile=${this.#kept}`, '-Xlog:cds*=off'] : []
  }

  get toLearn(): string[] {
    return existsSync(this.#kept) ? [] : [`-XX:ArchiveClassesAtExit=${this.#own}`, '-Xlog:cds*=off']
  }

  keep(): void {
    if (existsSync(this.#own)) renameSync(this.#own, this.#kept)
  }
}

function loggingOf(folder: string): string {
  return `-Dlog4j2.configurationFile=${join(folder, LOGGING)}`
}

/** ApiVersions version 0, the one request that every broker answers to anyone. */
function answersKafka(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(1000, () => done(false))
    socket.once('error', () => done(false))
    socket.once('close', () => done(false))
    socket.once('data', () => done(true))
    socket.write(Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]))
  })
}
