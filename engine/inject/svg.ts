import type { Bin, TopicCompleteness } from './completeness.ts'

const [WIDTH, HEIGHT, MARGIN] = [320, 200, 50]
/** Pixels between the points of topics, and of a number at an axis. */
const [APART, TICK_ROOM] = [3, 26]
const COLOURS = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#8c564b', '#17becf']

/**
 * The completeness curves of topics: found of findable by magnitude and by age, a row a class, with 95 % intervals. Topics
 * that found nothing of a class are named and not drawn.
 */
export function completenessSvg(title: string, all: readonly TopicCompleteness[]): string {
  const classes = [...Map.groupBy(all, (one) => one.class)]
  const width = 2 * (WIDTH + 2 * MARGIN) + 180
  const rows = classes.map(([name, own], i) => {
    const y = 60 + i * (HEIGHT + 2 * MARGIN)
    return `<g transform="translate(${MARGIN} ${y})">\n${rowSvg(name, own)}\n</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${60 + classes.length * (HEIGHT + 2 * MARGIN)}" font-family="sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="${MARGIN}" y="24" font-size="14">${escaped(title)}</text>`,
    ...rows,
    '</svg>',
    ''
  ].join('\n')
}

function rowSvg(name: string, topics: readonly TopicCompleteness[]): string {
  const drawn = topics.filter(({ objects }) => objects.found > 0)
  const none = topics.filter(({ objects }) => objects.found === 0).map(({ topic }) => topic)
  const panel = (x: number, label: string, binsOf: (one: TopicCompleteness) => readonly Bin[]) =>
    `<g transform="translate(${x} 0)">\n${panelSvg(`${name}: ${label}`, drawn.map(binsOf))}\n</g>`
  const legend = drawn.map(
    ({ topic }, i) =>
      `<text x="${2 * (WIDTH + MARGIN)}" y="${14 + i * 16}" fill="${colour(i)}">${escaped(topic)}</text>`
  )
  const rest = none.map(
    (topic, i) =>
      `<text x="${2 * (WIDTH + MARGIN)}" y="${14 + (drawn.length + i) * 16}" fill="#999">${escaped(topic)}: none</text>`
  )
  return [
    panel(0, 'magnitude at the alert', ({ byMagnitude }) => byMagnitude),
    panel(WIDTH + MARGIN, 'days since the onset', ({ byAge }) => byAge),
    ...legend,
    ...rest
  ].join('\n')
}

function panelSvg(label: string, curves: readonly (readonly Bin[])[]): string {
  const edges = curves.flat().flatMap(({ from, to }) => [from, to ?? from])
  const low = edges.reduce((a, b) => Math.min(a, b), Infinity)
  const high = edges.reduce((a, b) => Math.max(a, b), -Infinity)
  const x = (value: number) => (high > low ? ((value - low) / (high - low)) * WIDTH : 0)
  const ends = Number.isFinite(low) && high > low
  return [
    `<text y="-8">${escaped(label)}</text>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#888"/>`,
    ...curves.map((bins, i) =>
      curveSvg(bins, (value) => x(value) + APART * (i - (curves.length - 1) / 2), colour(i))
    ),
    `<text transform="translate(-24 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">found of findable, 95 %</text>`,
    '<text x="-6" y="4" text-anchor="end">1</text>',
    `<text x="-6" y="${HEIGHT}" text-anchor="end">0</text>`,
    ...(ends ? ticksSvg([...new Set(edges)], x) : [`<text x="8" y="20">nothing to draw</text>`])
  ].join('\n')
}

/** The edges of bins, those named that have room. @param edges in no order */
function ticksSvg(edges: readonly number[], x: (value: number) => number): string[] {
  let last = Number.NEGATIVE_INFINITY
  return [...edges]
    .sort((a, b) => a - b)
    .map((edge) => {
      const at = x(edge)
      const line = `<path d="M${at.toFixed(1)} ${HEIGHT}v4" stroke="#888"/>`
      if (at - last < TICK_ROOM) return line
      last = at
      return `${line}<text x="${at.toFixed(1)}" y="${HEIGHT + 16}" text-anchor="middle">${edge}</text>`
    })
}

/** Points that follow each other without a bin between them that says nothing, or is not there. */
function runsOf<T>(points: readonly (T | null)[]): T[][] {
  const runs: T[][] = [[]]
  for (const point of points) {
    if (point === null) runs.push([])
    else runs.at(-1)!.push(point)
  }
  return runs.filter((run) => run.length > 1)
}

function curveSvg(bins: readonly Bin[], x: (value: number) => number, stroke: string): string {
  const all = bins.flatMap(({ from, to, completeness }, i) => {
    if (completeness === null) return [null]
    const at = x((from + (to ?? from)) / 2).toFixed(1)
    const y = (share: number) => (HEIGHT * (1 - share)).toFixed(1)
    const { share, low, high } = completeness
    const point = { at, y: y(share), low: y(low), high: y(high) }
    return i > 0 && bins[i - 1]!.to !== from ? [null, point] : [point]
  })
  const points = all.filter((point) => point !== null)
  return [
    ...runsOf(all).map(
      (run) =>
        `<polyline fill="none" stroke="${stroke}" points="${run.map(({ at, y }) => `${at},${y}`).join(' ')}"/>`
    ),
    ...points.map(
      ({ at, y, low, high }) =>
        `<path d="M${at} ${low}V${high}" stroke="${stroke}" stroke-opacity="0.5"/><circle cx="${at}" cy="${y}" r="2.5" fill="${stroke}"/>`
    )
  ].join('\n')
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length]!
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
