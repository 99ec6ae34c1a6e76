import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Tests against real servers: one Kafka and one HDFS for all of a run, others where a test harms them. */
const SERVERS = [
  'test/cluster/**/*.test.ts',
  'test/stream/**/*.test.ts',
  'test/proof/stream-*.test.ts',
  'test/subscribe/**/*.test.ts',
  'test/replay/replay.test.ts',
  'test/conformance/hdfs*.test.ts'
]

export default defineConfig({
  test: {
    maxWorkers: 2,
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }, // members start sooner, in processes and threads
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'engine',
          include: [
            'test/**/*.test.ts',
            'science-modules/**/*.test.ts',
            'filters/**/*.test.ts',
            'simulator/**/*.test.ts'
          ],
          exclude: SERVERS
        }
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: SERVERS,
          globalSetup: 'test/cluster/global-setup.ts',
          maxWorkers: 3, // they wait more than they work
          sequence: { groupOrder: 1 },
          testTimeout: 600_000,
          hookTimeout: 600_000
        }
      }
    ]
  }
})
