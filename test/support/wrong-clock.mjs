import { existsSync } from 'node:fs'

/** Preloaded: the clock is two hours ahead as long as the file SISKIN_TEST_CLOCK names is there. */
const now = Date.now.bind(Date)
const file = process.env.SISKIN_TEST_CLOCK ?? ''
let ahead = 0
setInterval(() => (ahead = existsSync(file) ? 7_200_000 : 0), 100).unref()
ahead = existsSync(file) ? 7_200_000 : 0
Date.now = () => now() + ahead
