import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { messageOf, SiskinError } from '../errors.ts'
import type { PartRecord } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'
import { countDeath } from './bounds.ts'
import { isKafkaError, openAdmin } from './kafka.ts'
import type { FromStreamMember, ToStreamMember, WorkingRange } from './messages.ts'
import type { StreamSettings } from './settings.ts'

export interface StreamSupervisorOptions {
  readonly settings: StreamSettings
  readonly store: Store
  readonly workers: number
  /** Names the members of this supervisor; unique among all supervisors that live. */
  readonly name: string
  /** The program of a member process. */
  readonly program: URL
  /** A member that takes nothing in for so long while there is something to take in is killed. */
  readonly progressSeconds: number
  /** Stop when nothing came for so long; null: go on for ever. */
  readonly idleSeconds: number | null
  readonly signal: AbortSignal
  readonly onRecords: (records: readonly PartRecord[]) => void
  readonly onProgress: (status: StreamStatus) => void
  readonly onLog: (level: 'info' | 'warn' | 'error', message: string) => void
}

export interface StreamStatus {
  readonly members: number
  /** Members that are in the group. */
  readonly joined: number
  readonly lag: number
  readonly waiting: number
  /** Seconds of the last commit. */
  readonly commitSeconds: number
  /** The most memory of one member, bytes. */
  readonly memory: number
}

interface Seat {
  readonly name: string
  child: ChildProcess | null
  memberId: string | null
  range: WorkingRange | null
  lag: number
  waiting: number
  memory: number
  /** When it last took something in, or had nothing to take in. */
  progress: number
  /** Deaths since it last took something in. */
  failures: number
  told: { message: string; exitCode: 1 | 2 } | null
}

const WATCH_MS = 500
const STOP_MS = 60_000
const BACK_OFF_MS = [500, 1000, 2000, 5000, 10_000, 30_000]

/**
 * Keeps the members of this machine alive.
 *
 * A seat is `starting` until its member has joined, then `working`. A member that ends is replaced
 * after a pause that grows while nothing is taken in; one that cannot even begin, or that finds it was
 * asked wrongly, ends the stream with its reason. What a member worked on when it died is counted in the lake, and the group is told at
 * once that it is gone. `stopping`: every member ends after its commit, nobody is replaced.
 */
export class StreamSupervisor {
  readonly #options: StreamSupervisorOptions
  readonly #seats: Seat[]
  #stopping = false
  #everJoined = false
  #failure: SiskinError | null = null
  #quietSince = performance.now()
  #commitSeconds = 0
  #peak = 0
  #ended: () => void = () => {}

  constructor(options: StreamSupervisorOptions) {
    this.#options = options
    this.#seats = Array.from({ length: options.workers }, (_, i) => ({
      name: `${options.name}-${i}`,
      child: null,
      memberId: null,
      range: null,
      lag: 0,
      waiting: 0,
      memory: 0,
      progress: performance.now(),
      failures: 0,
      told: null
    }))
  }

  /** Resolves when all members have ended. @throws SiskinError when none can begin. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.#ended = resolve))
    const { signal } = this.#options
    const stop = () => this.#stop()
    signal.addEventListener('abort', stop, { once: true })
    const watch = setInterval(() => this.#watch(), WATCH_MS)
    for (const seat of this.#seats) this.#start(seat)
    if (signal.aborted) this.#stop()
    try {
      await ended
    } finally {
      clearInterval(watch)
      signal.removeEventListener('abort', stop)
    }
    if (this.#failure) throw this.#failure
  }

  #start(seat: Seat): void {
    const child = fork(this.#options.program, { serialization: 'advanced' })
    Object.assign(seat, { child, memberId: null, range: null, lag: 0, waiting: 0, told: null })
    seat.progress = performance.now()
    const start: ToStreamMember = {
      kind: 'start',
      name: seat.name,
      settings: this.#options.settings
    }
    child.send(start, () => {})
    child.on('message', (message: FromStreamMember) => this.#heard(seat, message))
    child.on('exit', (code, signal) => void this.#died(seat, signal ?? `code ${code}`, code === 0))
  }

  #heard(seat: Seat, message: FromStreamMember): void {
    const { onLog, onRecords } = this.#options
    switch (message.kind) {
      case 'joined':
        this.#everJoined = true
        seat.memberId = message.memberId
        this.#progressed(seat)
        break
      case 'working':
        seat.range = message.range
        break
      case 'committed':
        seat.failures = 0
        this.#commitSeconds = message.seconds
        this.#progressed(seat)
        onRecords(message.records)
        break
      case 'alive':
        Object.assign(seat, { lag: message.lag, waiting: message.waiting, memory: message.memory })
        this.#peak = Math.max(this.#peak, message.memory)
        if (message.lag + message.waiting === 0 && !seat.range) seat.progress = performance.now()
        break
      case 'log':
        onLog(message.level, message.message)
        break
      case 'failed':
        seat.told = message
    }
  }

  #progressed(seat: Seat): void {
    seat.progress = performance.now()
    this.#quietSince = seat.progress
  }

  async #died(seat: Seat, how: string, isClean: boolean): Promise<void> {
    const { told, range, memberId } = seat
    seat.child = null
    if (!isClean) await this.#afterDeath(how, told !== null, range, memberId)
    if (told && (!this.#everJoined || told.exitCode === 2)) {
      this.#failure ??= new SiskinError(told.message, told.exitCode)
      this.#stop()
    }
    if (this.#stopping) {
      if (this.#seats.every(({ child }) => child === null)) this.#ended()
      return
    }
    const hunting = range !== null && !told // each death halves the range: that is progress
    const pause = BACK_OFF_MS[hunting ? 0 : Math.min(seat.failures, BACK_OFF_MS.length - 1)]!
    seat.failures++
    const why = told ? told.message : `it ended with ${how}`
    this.#options.onLog('error', `member ${seat.name}: ${why}; another takes over`)
    this.#quietSince = performance.now()
    setTimeout(() => {
      if (!this.#stopping) this.#start(seat)
    }, pause)
  }

  /** Nobody waits for the session of a process that is gone. */
  async #afterDeath(
    how: string,
    isTold: boolean,
    range: WorkingRange | null,
    memberId: string | null
  ): Promise<void> {
    const { settings, store, onLog } = this.#options
    try {
      if (range && !isTold) {
        const { source, first, last } = range
        const deaths = await countDeath(store, source, first, last)
        onLog('warn', `${source} ${first} to ${last} was worked on (${how}): death ${deaths} of it`)
      }
      if (memberId === null) return
      const admin = openAdmin(settings.kafka, `${this.#options.name}-admin`)
      const members = [{ memberId, reason: 'its process is gone' }]
      try {
        await admin.removeMembersFromConsumerGroup({ groupId: settings.group, members })
      } finally {
        await admin.close()
      }
    } catch (error) {
      if (isKafkaError(error, 'UNKNOWN_MEMBER_ID')) return // it had left before
      onLog('warn', `after a death: ${messageOf(error)}`)
    }
  }

  #watch(): void {
    const now = performance.now()
    const { progressSeconds, idleSeconds, onProgress, onLog } = this.#options
    for (const seat of this.#seats) {
      if (!seat.child || this.#stopping || now - seat.progress < progressSeconds * 1000) continue
      onLog('error', `member ${seat.name} took nothing in for ${progressSeconds} s: it is killed`)
      seat.child.kill('SIGKILL')
    }
    onProgress(this.#status())
    if (idleSeconds !== null && this.#isIdle(now, idleSeconds)) this.#stop()
  }

  #status(): StreamStatus {
    const sum = (of: (seat: Seat) => number) => this.#seats.map(of).reduce((a, b) => a + b, 0)
    return {
      members: sum(({ child }) => (child ? 1 : 0)),
      joined: sum(({ memberId }) => (memberId ? 1 : 0)),
      lag: sum(({ lag }) => lag),
      waiting: sum(({ waiting }) => waiting),
      commitSeconds: this.#commitSeconds,
      memory: this.#peak
    }
  }

  /** Markers of transactions at the end of a partition look like a lag for ever: hence the longer wait. */
  #isIdle(now: number, seconds: number): boolean {
    const quiet = (now - this.#quietSince) / 1000
    const isEmpty = this.#seats.every(
      ({ child, memberId, range, waiting }) => child && memberId && !range && waiting === 0
    )
    const behind = this.#seats.some(({ lag }) => lag > 0)
    return isEmpty && quiet > (behind ? Math.max(6 * seconds, 30) : seconds)
  }

  #stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    const stop: ToStreamMember = { kind: 'stop' }
    for (const { child } of this.#seats) child?.send(stop, () => {})
    const late = setTimeout(() => {
      for (const { child } of this.#seats) child?.kill('SIGKILL')
    }, STOP_MS)
    late.unref()
    if (this.#seats.every(({ child }) => child === null)) this.#ended()
  }
}
