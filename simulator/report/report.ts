import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NightMaker } from '../night/night.ts'
import { checkOptions } from '../night/options.ts'
import { cadenceFigure, lightCurves, magnitudes, skyMaps, stampFigure } from './figures.ts'
import { distributionLines, targetLines } from './targets.ts'
import type { Line, Sample } from './targets.ts'
import { alertFacts } from './statistics.ts'

/** Nights of one year, and the part of the sky's objects, that the report is made from. */
const NIGHTS = [61010, 61050, 61095, 61140, 61185, 61230, 61275, 61330]
const SCALE = 0.05

function makeSample(maker: NightMaker): Sample {
  const alerts = NIGHTS.flatMap((night) => [...alertFacts(maker, night)])
  return { alerts, nights: NIGHTS, scale: SCALE, cadence: maker.cadence }
}

function print(title: string, lines: readonly Line[]): void {
  const width = Math.max(...lines.map((line) => line.name.length))
  const middle = Math.max(...lines.map((line) => line.target.length), 6)
  console.log(`\n${title.padEnd(width)}  ${'target'.padEnd(middle)}  ours`)
  for (const { name, target, ours } of lines) {
    console.log(`${name.padEnd(width)}  ${target.padEnd(middle)}  ${ours}`)
  }
}

/** Prints the simulator's targets beside what it reaches, and writes figures to a folder. */
function report(folder: string): void {
  const plan = checkOptions({ out: join(folder, 'night.tar'), scale: SCALE, seed: 3 })
  const maker = new NightMaker(plan)
  const sample = makeSample(maker)
  print(`ZTF, ${sample.alerts.length} alerts`, targetLines(sample))
  print('distributions', distributionLines(sample))
  mkdirSync(folder, { recursive: true })
  const figures = {
    'sky-maps': skyMaps(sample),
    magnitudes: magnitudes(sample),
    'light-curves': lightCurves(maker, NIGHTS.slice(0, 3)),
    cadence: cadenceFigure(sample),
    stamps: stampFigure(maker, NIGHTS[2] ?? 61095)
  }
  for (const [name, drawing] of Object.entries(figures)) {
    writeFileSync(join(folder, `${name}.svg`), drawing.toString())
  }
  console.log(
    `\nfigures: ${Object.keys(figures)
      .map((name) => join(folder, `${name}.svg`))
      .join(' ')}`
  )
}

if (import.meta.main) report(process.argv[2] ?? 'sim-report')
