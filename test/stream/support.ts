import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Admin, Producer } from '@platformatic/kafka'
import { describe } from 'vitest'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Verdict } from '../../engine/verify/verify.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { simulate } from '../../simulator/index.ts'
import { whyNoCluster } from '../cluster/cluster.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { ask } from '../support/ask.ts'
import { siskin } from '../support/siskin.ts'
import type { Outcome } from '../support/siskin.ts'

const PROGRAM = fileURLToPath(new URL('../../jobs/siskin.js', import.meta.url))

/** Tests against a real Kafka: skipped, with one line that says so, where it cannot be started. */
export function describeKafka(
  name: string,
  tests: () => void,
  /** Why they are not run now, whether it could be started or not. */
  reason: string | null = null
): void {
  const why = reason ?? whyNoCluster()
  if (why) console.log(`skipped: ${name}, ${why}`)
  describe.skipIf(why !== null)(name, tests)
}

/** A simulated night of ZTF, some of whose alerts are selected by every kind of filter. */
export async function nightOfPackets(folder: string): Promise<Buffer[]> {
  const out = join(folder, 'night.tar')
  await simulate({ out, survey: 'ztf', scale: 0.003, seed: 5, inject: { kilonova: 20 } })
  return readArchive(out).map(({ bytes }) => bytes)
}

/** Of this file of tests: others use the same servers. */
const FILE = randomBytes(3).toString('hex')
const taken = new Map<string, number>()

/** A name of a topic, a group or a folder that nothing else has on a shared server. */
export function newName(name: string): string {
  const times = taken.get(name) ?? 0
  taken.set(name, times + 1)
  return `${name}${FILE}${times || ''}`
}

export interface Feed {
  readonly topic: string
  readonly partitions: number
  /** `max.message.bytes`, where it is not the usual one. */
  readonly maxBytes?: number
}

export async function makeTopic(kafka: SharedKafka, feed: Feed): Promise<void> {
  const { topic, partitions, maxBytes } = feed
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
  const configs = maxBytes ? [{ name: 'max.message.bytes', value: String(maxBytes) }] : []
  await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs })
  await admin.close()
}

/** Sends packets, one a message, to the partitions in turn. */
export async function send(
  kafka: SharedKafka,
  { topic, partitions }: Feed,
  packets: readonly Uint8Array[],
  compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' = 'zstd'
): Promise<void> {
  const producer = new Producer({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
  for (let from = 0; from < packets.length; from += 20) {
    const messages = packets.slice(from, from + 20).map((value, i) => ({
      topic,
      value: Buffer.from(value),
      partition: (from + i) % partitions
    }))
    for (const message of messages) await producer.send({ messages: [message], compression })
  }
  await producer.close()
}

export interface StreamArgs {
  readonly kafka: SharedKafka
  readonly lake: string
  readonly topics: string
  readonly group: string
  readonly more?: readonly string[]
}

/** Small micro-batches and short waits, so that a test sees many commits in little time. */
function argsOf({ kafka, lake, topics, group, more = [] }: StreamArgs): string[] {
  const settings = {
    brokers: kafka.bootstrap,
    topics,
    group,
    lake,
    'out-prefix': `${group}-`,
    'trigger-seconds': '1',
    'trigger-rows': '60',
    'session-seconds': '6',
    'refresh-seconds': '2'
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  return ['stream', ...flags, ...more]
}

/** Runs the stream until nothing came for two seconds. */
export function drain(args: StreamArgs, env: Record<string, string> = {}): Promise<Outcome> {
  return siskin([...argsOf(args), '--until-idle', '2', '--json'], env)
}

export interface Running {
  readonly child: ChildProcess
  readonly log: () => string
  readonly ended: Promise<number | null>
}

/** Starts the stream and leaves it running. */
export function start(args: StreamArgs, env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [PROGRAM, ...argsOf(args), '--json'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let log = ''
  child.stderr.on('data', (text: Buffer) => (log += text.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return { child, log: () => log, ended }
}

/** The processes of the members that a supervisor started. */
export function membersOf({ child }: Running): number[] {
  const pid = child.pid ?? 0
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)
}

export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 50) {
    if (waited > 200_000) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function verdictOf(lake: string): Promise<Verdict> {
  const { stdout, stderr } = await ask(['verify', '--lake', lake, '--deep', '--json'])
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Verdict
}

/** Messages that a lake has taken in, by the names of its records. */
export async function takenIn(lake: string): Promise<number> {
  const records = await openStore(lake).list('_siskin/ledger')
  return records.reduce((sum, { path }) => {
    const [, first, last] = /(\d+)-(\d+)\.json$/.exec(path) ?? []
    return last === undefined ? sum : sum + Number(last) - Number(first) + 1
  }, 0)
}

/** The records of a lake's ledger. */
export function ledgerOf(lake: string): PartRecord[] {
  const root = join(lake, '_siskin/ledger')
  let files: string[] = []
  try {
    files = readdirSync(root, { recursive: true }).map(String)
  } catch {
    return [] // nothing landed yet
  }
  return files
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(root, name), 'utf8')) as PartRecord)
}

export function receivedIn(lake: string): number {
  return ledgerOf(lake).reduce((sum, { received }) => sum + received, 0)
}

export interface Published {
  /** Its headers, as text. */
  readonly headers: string
  readonly key: string
}

/**
 * Waits of the consumer for a next message. It may be slow to begin where much else is going on, and
 * Kafka shows nothing behind a transaction that nobody ends before its minute is over.
 */
const PATIENCE_MS = [3000, 10_000, 30_000, 30_000, 30_000]

/**
 * What a read_committed reader finds in the topics, by a consumer that is not ours.
 * @param least how many messages there should be; with fewer it is asked again, more patiently.
 */
export async function published(
  kafka: SharedKafka,
  prefix: string,
  least = 1
): Promise<Published[]> {
  let found: Published[] = []
  for (const patience of PATIENCE_MS) {
    found = await consume(kafka, prefix, patience)
    if (found.length >= least) break
  }
  return found
}

async function consume(kafka: SharedKafka, prefix: string, patience: number): Promise<Published[]> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
  await admin.close()
  if (topics.length === 0) return []
  const options = {
    'bootstrap-server': kafka.bootstrap,
    include: `${prefix}.*`,
    'isolation-level': 'read_committed',
    'timeout-ms': String(patience)
  }
  const shown = { key: true, headers: true, value: false }
  const flags = [
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ...Object.entries(shown).flatMap(([name, on]) => [
      '--formatter-property',
      `print.${name}=${on}`
    ])
  ]
  const main = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
  const output = kafka.tool(main, ['--from-beginning', ...flags])
  return output
    .split('\n')
    .filter((line) => line.includes('\t') && line.includes('filter:')) // else a schema
    .map((line) => {
      const [headers = '', key = ''] = line.split('\t')
      return { headers, key }
    })
}

/** Messages by topic, as the header with the filter says it; topics without any are left out. */
export async function publishedCounts(
  kafka: SharedKafka,
  prefix: string,
  expected: Readonly<Record<string, number>>
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const least = Object.values(expected).reduce((sum, count) => sum + count, 0)
  for (const { headers } of await published(kafka, prefix, least)) {
    const topic = (/filter:(\w+)@/.exec(headers)?.[1] ?? '').replaceAll('_', '-')
    counts[topic] = (counts[topic] ?? 0) + 1
  }
  return counts
}

export function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
