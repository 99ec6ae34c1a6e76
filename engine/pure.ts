const WHY =
  'in a module or filter: it answers the same whenever and however often it runs; times are in the alert (mjd)'

const refuse = (name: string) => (): never => {
  throw new Error(`${name} ${WHY}`)
}

/** What reaches out of the batch: the network, the machine, a later time. */
const OUTSIDE = [
  'fetch',
  'XMLHttpRequest',
  'WebSocket',
  'EventSource',
  'BroadcastChannel',
  'process',
  'navigator',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask'
] as const

/** How deep in contributors' functions we are. */
let inside = 0

/** Looked at through a getter from the first call on: putting it in place for each would cost more than most modules do. */
let isGuarded = false

function guard(): void {
  isGuarded = true
  for (const name of OUTSIDE) {
    const own = name === 'WebSocket' ? socket() : Object.getOwnPropertyDescriptor(globalThis, name)
    if (own?.configurable) Object.defineProperty(globalThis, name, guarded(name, own))
  }
}

/** Only to look at it has Node load all of `fetch`: 30 ms of the start of every member. */
function socket(): PropertyDescriptor {
  const get = () => process.getBuiltinModule('node:http').WebSocket
  return Reflect.deleteProperty(globalThis, 'WebSocket') ? { get, configurable: true } : {}
}

function guarded(name: string, own: PropertyDescriptor): PropertyDescriptor {
  let given: unknown = null
  let isGiven = false
  return {
    configurable: true,
    enumerable: own.enumerable ?? false,
    get() {
      if (inside > 0)
        throw new Error(`${name} in a module or filter: it sees its batch and nothing else`)
      if (isGiven) return given
      return own.get ? (own.get.call(globalThis) as unknown) : (own.value as unknown)
    },
    set(value: unknown) {
      given = value
      isGiven = true
    }
  }
}

const now = refuse('Date.now()')
const random = refuse('Math.random()')
const performanceNow = refuse('performance.now()')
const date = refuse('new Date() without a time')

/** A Date that knows every time but the present. */
const refusing = new Map<DateConstructor, DateConstructor>()

function withoutPresent(original: DateConstructor): DateConstructor {
  const known = refusing.get(original)
  if (known) return known
  const made = new Proxy(original, {
    construct: (target, args: unknown[], newTarget) =>
      args.length === 0 ? date() : (Reflect.construct(target, args, newTarget) as object),
    apply: date,
    get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown))
  })
  refusing.set(original, made)
  return made
}

/** What `pure` put away, while it is under way. */
interface Present {
  readonly Date: DateConstructor
  readonly dice: () => number
  readonly now: PropertyDescriptor | undefined
}

let present: Present | null = null

/**
 * Calls what a contributor's function was given to call (a model): that is the engine's own, and may have a clock and timers.
 */
export function unguarded<T>(work: () => T): T {
  if (inside === 0 || !present) return work()
  const before = inside
  inside = 0
  const put = away()
  restore(present)
  try {
    return work()
  } finally {
    restore(put)
    inside = before
  }
}

function away(): Present {
  const now = Object.getOwnPropertyDescriptor(performance, 'now')
  return { Date: globalThis.Date, dice: Math.random, now }
}

function restore({ Date, dice, now: own }: Present): void {
  globalThis.Date = Date
  Math.random = dice
  if (own) Object.defineProperty(performance, 'now', own)
  else Reflect.deleteProperty(performance, 'now')
}

/**
 * Calls a contributor's function with no clock, no dice and no way out (network, process, timers): asking for one throws an
 * error that names it. Of an asynchronous function that holds up to its first `await`.
 */
export function pure<T>(work: () => T): T {
  const put = away()
  if (inside === 0) present = put
  globalThis.Date = withoutPresent(put.Date)
  Math.random = random
  Object.defineProperty(performance, 'now', { value: performanceNow, configurable: true })
  if (!isGuarded) guard()
  const before = inside
  inside = before + 1
  try {
    return work()
  } finally {
    inside = before // of what was stopped within, no `finally` ran
    restore(put)
  }
}
