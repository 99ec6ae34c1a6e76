import { defineConfig } from 'vitest/config'

/** Tests that start real servers: on a slow machine one of those may miss its time; once more is allowed. */
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
    testTimeout: 120_000,
    hookTimeout: 120_000,
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
          retry: 1,
          testTimeout: 300_000,
          hookTimeout: 300_000
        }
      }
    ]
  }
})
