import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { siskin, temporaryFolder } from '../support/siskin.ts'

test('a port for metrics that is taken is refused before anything else is asked', async () => {
  const lake = join(temporaryFolder(), 'lake')
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  const nobody = ['--brokers', '127.0.0.1:1', '--topics', 'night', '--lake', lake]
  const { code, stderr } = await siskin([
    'stream',
    ...nobody,
    '--metrics-port',
    String(port),
    '--metrics-host',
    '127.0.0.1'
  ])
  taken.close()
  expect(stderr).toMatch(new RegExp(`^siskin: port ${port} of 127\\.0\\.0\\.1 is taken: .*\n$`))
  expect(code).toBe(2)
  expect(existsSync(lake)).toBe(false)
})
