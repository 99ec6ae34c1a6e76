import { play } from './schedule.ts'

/** Plays schedules: `node test/protocol/play.ts <first seed> <count>`; stops at the first that fails, and tells it. */
const [first = 1, count = 1000] = process.argv.slice(2).map(Number)
const began = performance.now()
for (let seed = first; seed < first + count; seed++) {
  const failure = await play(seed)
  if (!failure) continue
  console.log(`seed ${seed}: ${failure.message}`)
  process.exit(1)
}
console.log(`${count} schedules from ${first}: ${Math.round(performance.now() - began)} ms`)
