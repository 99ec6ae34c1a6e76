import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { localStore } from '../../engine/store/local.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { storeSuite } from '../support/store-suite.ts'

const newFolder = () => mkdtempSync(join(tmpdir(), 'siskin-store-'))

storeSuite('local disk', async () => localStore(newFolder()))

storeSuite('local disk, a folder that is not there yet', async () =>
  localStore(join(newFolder(), 'new/lake'))
)

/** A small file system of its own; null where it cannot be made. */
function mounted(options: string): string | null {
  const folder = newFolder()
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
  return made.status === 0 ? folder : null
}

describe('a local disk that fails', () => {
  const mounts: string[] = []
  const small = mounted('size=256k')
  const readOnly = mounted('size=256k')
  for (const folder of [small, readOnly]) if (folder) mounts.push(folder)
  if (!small || !readOnly)
    console.log('skipped: a full and a read-only disk, none can be mounted here')
  if (readOnly) {
    mkdirSync(join(readOnly, 'lake'))
    spawnSync('mount', ['-o', 'remount,ro', readOnly])
  }
  afterAll(() => {
    for (const folder of mounts) spawnSync('umount', [folder])
  })

  test.skipIf(!small)('a full disk is named, with what to do', async () => {
    const store = localStore(small!)
    const half = Buffer.alloc(150 * 1024)
    await store.write('a', [half])
    const pieces = Array.from({ length: 1500 }, () => half.subarray(0, 100))
    await expect(store.write('b', pieces)).rejects.toThrow(
      `cannot write ${small}/b: the disk is full: free some space, then run the same command again`
    )
    await store.remove('b')
    await store.remove('a')
    expect(await store.write('b', pieces)).toBe(150_000)
  })

  test.skipIf(!readOnly)('a read-only disk is named, with what to do', async () => {
    const advice = /cannot (write|make) .*: the file system is read-only: choose another place/
    await expect(localStore(join(readOnly!, 'lake')).write('a', [])).rejects.toThrow(advice)
    await expect(localStore(join(readOnly!, 'lake')).write('b/a', [])).rejects.toThrow(advice)
    await expect(localStore(join(readOnly!, 'new')).write('a', [])).rejects.toThrow(advice)
  })

  test('a part of the path that is a file is named', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'file'), 'x')
    const store = localStore(folder)
    await expect(store.write('file/a', [])).rejects.toThrow(
      /cannot make .*(is a file|there already)/
    )
    await expect(store.write('file/a/b', [])).rejects.toThrow(
      /cannot make .*a part of the path is a file/
    )
    await expect(store.read('file/a')).rejects.toThrow(/a part of the path is a file/)
    expect(await store.size('file/a')).toBeNull()
    expect(await store.list('file/a')).toEqual([])
    expect(statSync(join(folder, 'file')).size).toBe(1)
  })

  test('folders are made anew when someone took them away', async () => {
    const folder = newFolder()
    const store = localStore(folder)
    await store.write('a/b', [])
    rmSync(join(folder, 'a'), { recursive: true })
    await expect(store.write('a/c', [])).resolves.toBe(0)
  })

  test('an address of another kind: wrong use, with what is known', () => {
    expect(() => openStore('s3://bucket/lake')).toThrow(/unknown kind "s3"/)
    expect(openStore('some/folder').root).toBe('some/folder')
  })
})
