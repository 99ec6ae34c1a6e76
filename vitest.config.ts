import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'test/**/*.test.ts',
      'science-modules/**/*.test.ts',
      'filters/**/*.test.ts',
      'simulator/**/*.test.ts'
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2
  }
})
