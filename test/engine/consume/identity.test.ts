import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { beginsAs, identify } from '../../../engine/consume/identity.ts'
import { random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const MIB = 1024 * 1024
const path = join(temporaryFolder(), 'file')

function bytesOf(size: number): Buffer {
  const dice = random(7)
  return Buffer.from(Array.from({ length: size }, () => Math.floor(256 * dice())))
}

async function digestOf(bytes: Buffer): Promise<string> {
  writeFileSync(path, bytes)
  return (await identify(path, bytes.length)).digest
}

test('one bit anywhere is another file', async () => {
  const bytes = bytesOf(3 * MIB + 5)
  const digest = await digestOf(bytes)
  for (const at of [0, MIB - 1, MIB, 2 * MIB - 1, 2 * MIB + 77, 3 * MIB, bytes.length - 1]) {
    bytes[at]! ^= 4
    expect(await digestOf(bytes), String(at)).not.toBe(digest)
    bytes[at]! ^= 4
  }
  expect(await digestOf(bytes)).toBe(digest)
})

test.each([1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 5])(
  'a file that grew behind its first %i bytes begins as it was',
  async (size) => {
    const bytes = bytesOf(size)
    writeFileSync(path, bytes)
    const before = await identify(path, size)
    writeFileSync(path, Buffer.concat([bytes, Buffer.from('more')]))
    expect(await beginsAs(path, size + 4, before)).toBe(true)
    bytes[size >> 1]! ^= 1
    writeFileSync(path, bytes)
    expect(await beginsAs(path, size, before)).toBe(false)
    expect(await beginsAs(path, size - 1, before)).toBe(false)
  }
)

test('an empty file has an identity too', async () => {
  expect(await digestOf(Buffer.alloc(0))).toMatch(/^[\da-f]{64}$/)
})
