import type { Point } from './diff-book.ts'

/** One column: some of its values that changed, and how many did. */
export interface Panel {
  readonly title: string
  readonly points: readonly Point[]
  readonly changed: number
}

const SIZE = 220
const MARGIN = 40
const ACROSS = 4
const STEP = SIZE + MARGIN * 2

/** Old values against new ones, a panel a column. On the line they are the same. */
export function scatterSvg(title: string, panels: readonly Panel[]): string {
  const columns = Math.max(1, Math.min(ACROSS, panels.length))
  const rows = Math.max(1, Math.ceil(panels.length / ACROSS))
  const [width, height] = [columns * STEP, rows * STEP + MARGIN]
  const body = panels.map((panel, i) => {
    const [x, y] = [(i % ACROSS) * STEP + MARGIN, Math.floor(i / ACROSS) * STEP + MARGIN * 2]
    return `<g transform="translate(${x} ${y})">\n${panelSvg(panel)}\n</g>`
  })
  const none = `<text x="${MARGIN}" y="${MARGIN * 2}">no number changed</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${MARGIN}" y="24" font-size="14">${escaped(title)}</text>`,
    ...(panels.length > 0 ? body : [none]),
    '</svg>',
    ''
  ].join('\n')
}

function panelSvg({ title, points, changed }: Panel): string {
  const values = points.flatMap(({ old, fresh }) => [old, fresh])
  const low = values.reduce((a, b) => Math.min(a, b), Infinity)
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity)
  const at = (value: number) => (high > low ? ((value - low) / (high - low)) * SIZE : SIZE / 2)
  const dots = points.map(
    ({ old, fresh }) =>
      `<circle cx="${at(old).toFixed(1)}" cy="${(SIZE - at(fresh)).toFixed(1)}" r="2" fill="#1f77b4" fill-opacity="0.5"/>`
  )
  return [
    `<text y="-8">${escaped(title)}: ${changed} changed</text>`,
    `<rect width="${SIZE}" height="${SIZE}" fill="none" stroke="#888"/>`,
    `<line x1="0" y1="${SIZE}" x2="${SIZE}" y2="0" stroke="#bbb"/>`,
    ...dots,
    `<text y="${SIZE + 14}">${short(low)}</text>`,
    `<text x="${SIZE}" y="${SIZE + 14}" text-anchor="end">${short(high)}</text>`,
    `<text x="${SIZE / 2}" y="${SIZE + 28}" text-anchor="middle">old</text>`,
    `<text x="-10" y="${SIZE / 2}" text-anchor="middle" transform="rotate(-90 -10 ${SIZE / 2})">new</text>`
  ].join('\n')
}

function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : ''
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
