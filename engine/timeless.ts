const WHY =
  'in a module or filter: it answers the same whenever and however often it runs; times are in the alert (mjd)'

const refuse = (name: string) => (): never => {
  throw new Error(`${name} ${WHY}`)
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

/**
 * Calls a contributor's function with no clock and no dice: asking for either throws an error that names it. Of an
 * asynchronous function that holds up to its first `await`.
 */
export function timeless<T>(work: () => T): T {
  const { Date } = globalThis
  const { random: dice } = Math
  const own = Object.getOwnPropertyDescriptor(performance, 'now')
  globalThis.Date = withoutPresent(Date)
  Math.random = random
  Object.defineProperty(performance, 'now', { value: performanceNow, configurable: true })
  try {
    return work()
  } finally {
    globalThis.Date = Date
    Math.random = dice
    if (own) Object.defineProperty(performance, 'now', own)
    else Reflect.deleteProperty(performance, 'now')
  }
}
