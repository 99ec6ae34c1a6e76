// Loaded into a member: its disk answers once, for one folder, very late.
import { closeSync, openSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const { SLOW_FOLDER, SLOW_MS, SLOW_MARK } = process.env
if (SLOW_FOLDER) {
  const real = promises.readdir
  promises.readdir = async (path, ...rest) => {
    if (String(path).endsWith(SLOW_FOLDER) && isFirst()) {
      await new Promise((resolve) => setTimeout(resolve, Number(SLOW_MS)))
    }
    return real(path, ...rest)
  }
  syncBuiltinESMExports()
}

function isFirst() {
  try {
    closeSync(openSync(SLOW_MARK, 'wx'))
    return true
  } catch {
    return false
  }
}
