import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildCatalogue } from '../../../engine/catalogues/build/build.ts'
import { openHats } from '../../../engine/catalogues/hats/hats.ts'
import { askHats } from '../../../engine/catalogues/hats/match.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { INSTALL_MS, pythonFor, runPython } from '../../support/python.ts'
import { random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'
import { moved, SKIES } from '../../support/skies.ts'

/** LSDB opens what is built here and matches it; writes one of its own, which is read here; all three say the same. */

const RADIUS = 3

const MATCH = `
import sys, warnings
warnings.filterwarnings('ignore')
import lsdb, pandas
ours, rows, asking, theirs, out = sys.argv[1:]
def plain(path, name, **more):
    return lsdb.from_dataframe(pandas.read_csv(path), ra_column='ra', dec_column='dec', catalog_name=name, **more)
plain(rows, 'theirs', partition_rows=150, margin_threshold=10.0).write_catalog(theirs)
found = plain(asking, 'asking').crossmatch(
    lsdb.open_catalog(ours), radius_arcsec=${RADIUS}, require_right_margin=False, suffix_method='all_columns').compute()
found.to_csv(out, columns=['row_asking', 'id_ours', '_dist_arcsec'], index=False, header=False)
`

test(
  'LSDB and we read each other’s catalogues, and find the same',
  { timeout: INSTALL_MS },
  async (context) => {
    const python = await pythonFor(context)
    const folder = temporaryFolder()
    const file = (name: string) => join(folder, name)
    const rng = random(21)
    const places = SKIES.flatMap(([, draw]) => Array.from({ length: 250 }, () => draw(rng, 0.5)))
    const asking = places.map(([ra, dec]) => moved(ra, dec, (5 * rng()) / 3600, 6.3 * rng()))
    const csv = (name: string, head: string, rows: readonly (readonly number[])[]) =>
      writeFileSync(
        file(name),
        `${head},ra,dec\n${rows.map((row, i) => `${i},${row.join()}`).join('\n')}\n`
      )
    csv('rows.csv', 'id', places)
    csv('asking.csv', 'row', asking)
    await buildCatalogue({
      store: openStore(folder),
      name: 'ours',
      input: file('rows.csv'),
      ra: null,
      dec: null,
      raUnit: 'degrees',
      columns: null,
      rows: 150,
      isAllSky: true,
      isReplacing: false
    })
    const files = ['ours', 'rows.csv', 'asking.csv', 'theirs', 'out.csv'].map(file)
    const ran = await runPython(python, ['-c', MATCH, ...files])
    expect(ran.stderr.includes('Traceback') ? ran.stderr : '').toBe('')
    const lines = readFileSync(file('out.csv'), 'utf8').trim().split('\n')
    const byLsdb = new Map(
      lines.map((line) => {
        const [row, id, apart] = line.split(',').map(Number)
        return [row, { id, apart }] as const
      })
    )
    expect(byLsdb.size).toBeGreaterThan(500)
    const positions = {
      ra: Float64Array.from(asking, ([ra]) => ra),
      dec: Float64Array.from(asking, ([, dec]) => dec)
    }
    for (const name of ['ours', 'theirs']) {
      const hats = (await openHats(name, file(name)))!
      const asked = askHats(hats, { cacheBytes: 1e7, warn: (text) => expect.fail(text) })
      const matches = await asked.nearest(
        positions,
        { radius: RADIUS },
        new Map([['id', 'number']])
      )
      for (const row of asking.keys()) {
        const theirs = byLsdb.get(row)
        expect(matches.value('id', row), `${name}, row ${row}`).toBe(theirs?.id ?? null)
        if (theirs) expect(matches.separation(row)).toBeCloseTo(theirs.apart!, 6)
      }
    }
  }
)
