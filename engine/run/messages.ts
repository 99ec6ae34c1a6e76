import type { PacketRange } from '../packets.ts'
import { attemptOfRun } from '../persist/commit.ts'
import type { PartRecord } from '../persist/ledger.ts'
import type { SeenMemory } from './seen.ts'

/** What a member is started with. */
export interface MemberSettings {
  readonly lake: string
  readonly modules: readonly string[] | null
  readonly filters: readonly string[] | null
  readonly surveys: readonly ('ztf' | 'lsst')[]
  readonly schemas: string | null
  readonly seen: SeenMemory
  /** For how many days a copy is recognised after its original landed; null: for ever. */
  readonly duplicateNights: number | null
  /** Shared with the supervisor: what the member does now. See `Beat`. */
  readonly beat: SharedArrayBuffer
  /** Tests only: die at this step of the commit of this part (by its first packet). */
  readonly crash: { readonly first: number; readonly step: string } | null
}

/** A range to work on, and what earlier attempts at it taught. */
export interface Work {
  readonly id: number
  /** In whose name alert ids are claimed: the parts of a halved range go on in the name of the whole. */
  readonly claimant: number
  readonly range: PacketRange
  /** The run's number among those of the source, and a number that no other attempt of it has. */
  readonly run: number
  readonly attempt: number
  readonly stopped: readonly string[]
  /** It is a single packet that ended its member more than once, and how; null: it is not. */
  readonly poison: string | null
}

/** The name of an attempt: see `persist/attempt.ts`. */
export function attemptOf({ run, attempt }: Pick<Work, 'run' | 'attempt'>): string {
  return attemptOfRun(run, attempt)
}

export type FromMember =
  /** It can begin another range; the commit of the last one may still be going on. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done'
      readonly id: number
      readonly record: PartRecord
      /** Resident memory of the process, bytes. */
      readonly memory: number
    }
  | {
      readonly kind: 'failed'
      readonly id: number
      readonly message: string
      readonly exitCode: 1 | 2
      /** Something outside does not take or give anything: no fault of the packets. */
      readonly isOutage: boolean
    }
  | { readonly kind: 'log'; readonly level: 'warn' | 'error'; readonly message: string }

/** Looks at members every so often; true at a look that comes late, because the process stood still. */
export class Watch {
  #last = performance.now()

  isLate(everyMs: number): boolean {
    const now = performance.now()
    const late = now - this.#last > everyMs + LATE_MS
    this.#last = now
    return late
  }
}

const LATE_MS = 1000
/** A module that hung so often is switched off. */
export const MOST_HANGS = 5

/**
 * Three numbers that a member writes and its supervisor reads, without a message in between: a
 * member that hangs cannot send one. [what it is in, its budget in ms, when it began]: 0 nothing, n + 1
 * module n, above the last module anything else.
 */
export class Beat {
  readonly #numbers: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Int32Array(memory)
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(12)
  }

  enter(module: number, budgetMs: number): void {
    Atomics.store(this.#numbers, 1, Math.min(budgetMs, 0x7fffffff))
    Atomics.store(this.#numbers, 2, Date.now() & 0x7fffffff)
    Atomics.store(this.#numbers, 0, module + 1)
  }

  /** Begins the budget of what is going on anew: the whole process stood still, and nobody is late. */
  renew(): void {
    Atomics.store(this.#numbers, 2, Date.now() & 0x7fffffff)
  }

  leave(): void {
    Atomics.store(this.#numbers, 0, 0)
  }

  /** What the budget of is spent, null if nothing. */
  overdue(): number | null {
    const module = Atomics.load(this.#numbers, 0)
    if (module === 0) return null
    const spent = (Date.now() & 0x7fffffff) - Atomics.load(this.#numbers, 2)
    return spent > Atomics.load(this.#numbers, 1) * 1.5 + 500 ? module - 1 : null
  }
}
