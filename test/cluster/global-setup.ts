import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the holder of the shared servers answers. */
    readonly sharedServers: string
  }
}

const HOLDER = fileURLToPath(new URL('./holder.ts', import.meta.url))

/** Starts the holder of the shared servers; it starts none of them before a test asks. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const holder = spawn(process.execPath, [HOLDER], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true // Ctrl-C in a terminal is for the tests; the holder ends when its input does
  })
  const [line] = (await once(holder.stdout, 'data')) as [Buffer]
  project.provide('sharedServers', line.toString().trim())
  return async () => {
    const ended = once(holder, 'exit')
    holder.stdin.end()
    await ended
  }
}
