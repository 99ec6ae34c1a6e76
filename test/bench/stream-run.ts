import type { PartRecord } from '../../engine/lake/ledger.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { StreamSettings } from '../../engine/stream/common/settings.ts'
import { StreamSupervisor } from '../../engine/stream/supervisor/supervisor.ts'

/** Where a live stream of the benchmark reads and writes. */
export interface StreamRun {
  readonly bootstrap: string
  readonly topic: string
  /** Names its group and its topics; a new one reads all. */
  readonly name: string
  readonly lake: string
  readonly members: number
  readonly filters: number
  /** It is stopped when so many packets have landed. */
  readonly until: number | Promise<number>
  /** Called when all members are in the group. */
  readonly onJoined?: () => void
}

interface Landed {
  readonly record: PartRecord
  /** When it was committed and in its place, ms since 1970. */
  readonly at: number
}

export interface StreamResult {
  readonly landed: readonly Landed[]
  /** The most resident memory of one member, bytes. */
  readonly memory: number
  /** Seconds of all members by stage. */
  readonly stages: Readonly<Record<string, number>>
  readonly troubles: readonly string[]
}

const TRIGGER = { seconds: 5, rows: 1000, bytes: 32 * 1024 * 1024 }

/** Runs members over a topic, as `siskin stream` does, until enough packets have landed. */
export async function runStream(run: StreamRun): Promise<StreamResult> {
  const stop = new AbortController()
  const landed: Landed[] = []
  const stages: Record<string, number> = {}
  const troubles: string[] = []
  let received = 0
  let enough = Number.POSITIVE_INFINITY
  const check = () => {
    if (received >= enough) stop.abort()
  }
  void Promise.resolve(run.until).then((count) => {
    enough = count
    check()
  })
  let memory = 0
  let hasJoined = false
  const supervisor = new StreamSupervisor({
    settings: settingsOf(run),
    store: openStore(run.lake),
    members: run.members,
    name: run.name,
    program: new URL('./stream-member.ts', import.meta.url),
    progressSeconds: 120,
    idleSeconds: null,
    signal: stop.signal,
    onRecords: (records) => {
      for (const record of records) {
        landed.push({ record, at: Date.now() })
        received += record.received
      }
      check()
    },
    onProgress: (status) => {
      memory = Math.max(memory, status.memory)
      if (hasJoined || status.joined < run.members) return
      hasJoined = true
      run.onJoined?.()
    },
    onLog: ({ level, message, fields }) => {
      if (level === 'error') troubles.push(message)
      const own = (fields?.['stages'] ?? {}) as Record<string, number>
      for (const [stage, s] of Object.entries(own)) stages[stage] = (stages[stage] ?? 0) + s
    }
  })
  await supervisor.run()
  return { landed, memory, stages, troubles }
}

function settingsOf({ bootstrap, topic, name, lake, filters }: StreamRun): StreamSettings {
  return {
    kafka: {
      brokers: [bootstrap],
      user: null,
      password: null,
      mechanism: 'PLAIN',
      tls: false,
      ca: null
    },
    topics: [topic],
    group: name,
    from: 'earliest',
    trigger: TRIGGER,
    lake,
    surveys: ['ztf', 'lsst'],
    modules: null,
    filters: [String(filters)],
    schemas: null,
    output: {
      prefix: `${name}-`,
      partitions: 4,
      replication: 1,
      retentionDays: 1,
      registry: null
    },
    sessionSeconds: 30,
    takeOver: false,
    refreshSeconds: 30
  }
}

/** Alerts a second from the first commit to the last: without the start of processes and threads. */
export function sustained({ landed }: StreamResult): number {
  const first = landed[0]
  const last = landed.at(-1)
  if (!first || !last) return Number.NaN
  const begun = landed.filter(({ at }) => at === first.at)
  const alerts = (some: readonly Landed[]) =>
    some.reduce((sum, { record }) => sum + record.alerts, 0)
  return ((alerts(landed) - alerts(begun)) / (last.at - first.at)) * 1000
}
