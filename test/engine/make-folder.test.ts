import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from '../../engine/make-folder.ts'
import { keepSchemas } from '../../engine/replay/schemas.ts'
import { simulate } from '../../simulator/index.ts'
import { temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const file = join(folder, 'file')
writeFileSync(file, '')

test('a folder is made with those above it; one that is there is left', () => {
  const path = join(folder, 'a/b/c')
  makeFolder(path)
  makeFolder(path)
  expect(existsSync(path)).toBe(true)
})

/** Places that take no folder: below a file, a file, below what the kernel makes up. */
const REFUSED = [
  join(file, 'below'),
  file,
  '/proc/siskin',
  '/proc/siskin/below',
  '/sys/siskin/below'
]

test.each(REFUSED)('%s: it comes to an end', (path) => {
  expect(() => makeFolder(path)).toThrow(/ENOTDIR|EEXIST|ENOENT|EPERM|EACCES|EROFS/)
})

test.each(REFUSED)('whoever writes into %s says which option it was', async (path) => {
  const night = { survey: 'lsst', scale: 0.00002, stamps: 'none' } as const
  await expect(simulate({ ...night, out: join(path, 'n.tar') })).rejects.toThrow(
    /^--out .*: (E|\/(proc|sys) is on no disk)/
  )
  expect(() => keepSchemas(path, new Map([[1, '{}']]))).toThrow(/^--schemas-out .*: E/)
})
