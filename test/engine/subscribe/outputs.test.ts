import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { nightOf, runInto } from '../../proof/support.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const PROGRAM = fileURLToPath(new URL('../../../jobs/siskin.js', import.meta.url))
const folder = temporaryFolder()
const lake = join(folder, 'lake')
let all = 0

beforeAll(async () => {
  await runInto(lake, await nightOf(folder))
  all = readAll('reference')
  expect(all).toBeGreaterThan(4)
})

/** Runs a subscriber by a shell, which gives it the output that is asked for. */
function subscribe(group: string, flags: string, output = '') {
  const words = [process.execPath, PROGRAM, 'subscribe', 'fast-riser', '--lake', lake]
  const command = `${words.map((word) => `'${word}'`).join(' ')} --group ${group} ${flags} ${output}`
  const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state') }
  return spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8', env })
}

/** How many alerts a group has not read yet; they are read by asking. */
function readAll(group: string): number {
  const { stdout } = subscribe(group, '--json')
  return stdout.split('\n').filter((line) => line !== '').length
}

describe('what cannot be given away counts as not read', () => {
  test.each([
    ['closed', '--json', '>&-', /^siskin: standard output is closed: .*\n$/],
    ['closed-table', '', '>&-', /^siskin: standard output is closed: .*\n$/],
    ['full', '--json', '>/dev/full', /^siskin: ENOSPC: .*\n$/],
    [
      'missing',
      '--exec ./nosuch.sh',
      '',
      /siskin: --exec \.\/nosuch\.sh: there is no such command \(127\)\n$/
    ],
    ['barred', '--exec /', '', /siskin: --exec .*: it cannot be run \(126\)\n$/]
  ])('%s: one sentence, exit code 1', (group, flags, output, says) => {
    const { status, stderr } = subscribe(group, flags, output)
    expect(stderr).toMatch(says)
    expect(status).toBe(1)
    expect(readAll(group)).toBe(all)
  })

  test('an output to the null device is meant', () => {
    expect(subscribe('null', '--json', '>/dev/null').status).toBe(0)
    expect(readAll('null')).toBe(0)
  })

  test.each(['a.parquet', 'a.vot', 'a.fits', 'a.csv', 'a.avro'])(
    '--save %s on a full disk leaves nothing that stands in the way',
    (name) => {
      const disk = join(folder, `disk-${name}`)
      mkdirSync(disk)
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', disk])
      if (mounted.status !== 0) {
        console.log('skipped: a small file system cannot be mounted here (root is needed)')
        return
      }
      try {
        const refused = subscribe(name, `--save ${join(disk, name)}`)
        expect(refused.stderr).toMatch(/siskin: --save .*: ENOSPC/)
        expect(refused.status).toBe(1)
        expect(readdirSync(disk)).toEqual([])
        spawnSync('mount', ['-o', 'remount,size=50m', disk])
        const again = subscribe(name, `--save ${join(disk, name)}`)
        expect(again.stderr).toContain(`${all} alerts; saved in`)
        expect(existsSync(join(disk, name))).toBe(true)
      } finally {
        spawnSync('umount', [disk])
      }
    }
  )
})

test('a file that grows keeps what counts as read when the disk is full', () => {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=500k', 'tmpfs', disk]).status !== 0) return
  try {
    const path = join(disk, 'a.csv')
    const flags = `--save ${path} --exec true` // one alert at a time
    expect(subscribe('growing', flags).stderr).toMatch(/ENOSPC|alerts; saved/)
    const lines = readFileSync(path, 'utf8').split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.length - 1 + readAll('growing')).toBe(all)
  } finally {
    spawnSync('umount', [disk])
  }
})
