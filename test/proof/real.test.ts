import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { describeReal, realLsst, ZTF_SAMPLE } from '../support/packets.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'
import { damage, recordsIn, runInto, verdictOf } from './support.ts'

const LSST = join(dirname(dirname(ZTF_SAMPLE)), 'lsst')

describeReal('proof, repair and requeue of real packets', () => {
  const folder = temporaryFolder()
  const whole = join(folder, 'ztf')

  beforeAll(async () => {
    await runInto(whole, ZTF_SAMPLE)
  })

  it('every damaged file of ZTF is named, and made again as it was', async () => {
    const lake = join(folder, 'damaged')
    cpSync(whole, lake, { recursive: true })
    const files = recordsIn(lake).flatMap((record) => record.files)
    for (const { path } of files) damage(lake, path, 0.4, 0.5)
    const { differences } = await verdictOf(lake, '--deep')
    expect(differences).toHaveLength(files.length)
    const args = ['repair', '--lake', lake, '--deep', '--yes', '--source', ZTF_SAMPLE]
    const { code, stdout } = await siskin(args)
    expect(code, stdout).toBe(0)
    expect(fingerprint(lake)).toEqual(fingerprint(whole))
  })

  it('LSST taken in without schemas becomes alerts with them', async () => {
    const lake = join(folder, 'lsst')
    const packets = realLsst().length
    await siskin(['run', LSST, '--lake', lake])
    expect((await verdictOf(lake)).quarantined).toMatchObject({ 'unknown-schema': packets })
    const schemas = ['--schemas', join(LSST, 'schemas')]
    const { code, stderr } = await siskin(['requeue', '--lake', lake, '--yes', ...schemas])
    expect(code, stderr).toBe(0)
    const verdict = await verdictOf(lake, '--deep')
    expect(verdict).toMatchObject({ ok: true, alerts: packets, requeued: packets, quarantined: {} })
  })
})
