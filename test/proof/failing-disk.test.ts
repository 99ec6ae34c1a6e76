import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { tarOf } from '../support/archives.ts'
import { writeContainer } from '../support/avro.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { encode, ztfAlert, ztfSchema } from '../support/synthetic.ts'
import { filesIn, runInto, verdictOf } from './support.ts'

const FAILING_DISK = fileURLToPath(new URL('../support/failing-disk.mjs', import.meta.url))
const MIB = 1024 * 1024

/** Of 20 MB that hardly can be packed. */
function container(): Buffer {
  const schema = ztfSchema()
  const data = Array.from({ length: 20 }, (_, i) => {
    const cutoutScience = { fileName: 'science.fits', stampData: randomBytes(MIB) }
    return encode(schema, ztfAlert(i, { cutoutScience }))
  })
  return Buffer.from(writeContainer(JSON.stringify(schema), data))
}

test.each(['night.tar', 'night.tar.gz', 'large.avro.gz'])(
  'a disk that fails while %s is read is an error of the run, and nothing is remembered of it',
  async (name) => {
    const folder = temporaryFolder()
    const [lake, archive] = [join(folder, 'lake'), join(folder, name)]
    const bytes = container()
    const content = name.includes('.tar') ? tarOf([{ name: 'a.avro', bytes }]) : bytes
    writeFileSync(archive, name.endsWith('.gz') ? gzipSync(content, { level: 1 }) : content)
    const failing = {
      NODE_OPTIONS: `--import ${FAILING_DISK}`,
      FAILING_FILE: archive,
      FAILING_FROM: String(Math.floor(statSync(archive).size / 2))
    }
    const run = ['run', archive, '--lake', lake, '--part-packets', '5']
    const failed = await siskin(run, failing)
    expect(failed.code, failed.stderr).toBe(1)
    expect(failed.stderr).toContain(`source "${archive}" cannot be read: EIO`)
    const [book] = filesIn(lake, '_siskin/sources')
    expect(readFileSync(join(lake, book!), 'utf8')).not.toMatch(/brokenOff|endsDamaged": true/)
    expect(await verdictOf(lake)).toMatchObject({
      ok: false,
      differences: [expect.stringContaining('and not finished')],
      quarantined: {}
    })
    await runInto(lake, archive)
    const whole = { ok: true, notes: [], received: 20, alerts: 20, quarantined: {} }
    expect(await verdictOf(lake, '--deep')).toMatchObject(whole)
  }
)
