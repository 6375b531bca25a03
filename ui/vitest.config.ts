import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.ts'],
    // Sentences with dates are compared word for word.
    env: { TZ: 'UTC' },
    pool: 'threads',
    maxWorkers: 2,
  },
})
