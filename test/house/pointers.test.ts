import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './imports.ts'
import { inlineOf, pagesOf } from './markdown.ts'

/** What is written here must not point to places that only its writers have. */

const TREES =
  '{.ci,engine,jobs,simulator,science-modules,filters,test,docs,deploy,terraform,notebooks}'
const TEXTS = '{ts,js,mjs,md,json,yaml,yml,tf,tftpl,ipynb,py,sh}'

const texts = [`*.{ts,md,json}`, `.*.json`, `.ci/*`, `${TREES}/**/*.${TEXTS}`]
  .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
  .filter((path) => !/^package-lock|^test\/house\/pointers|^terraform\/.*\.terraform\//.test(path))
  .map((path) => ({ path, lines: readFileSync(join(ROOT, path), 'utf8').split('\n') }))

/** The real packets beside the checkout: tests skip without them, and CONTRIBUTING.md says so. */
const REAL_PACKETS = /^test\/|\.test\.ts$|^simulator\/read-archive\.ts$|^CONTRIBUTING\.md$/

const OUTSIDE = [
  {
    what: "a writer's own folder",
    found: /\/(home|Users)\/[a-z]|\/root\/|(^|[\s'"`(])\/work\//,
    where: /^$/
  },
  { what: 'real packets', found: /\.\.\/shared\b/, where: REAL_PACKETS },
  { what: 'a section of a document that is not here', found: /\bS \d+\.\d+/, where: /^$/ }
]

test.each(OUTSIDE)('nothing points to $what', ({ found, where }) => {
  expect(texts.length).toBeGreaterThan(500)
  const pointing = texts
    .filter(({ path }) => !where.test(path))
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, at) => (found.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : []))
    )
  expect(pointing).toEqual([])
})

test('every relative link of a page leads somewhere', () => {
  const links = pagesOf().flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8')
    return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, to = '']) => ({ page, to }))
      .filter(({ to }) => !/^[a-z]+:/.test(to))
  })
  expect(links.length).toBeGreaterThan(40)
  expect(links.filter(({ page, to }) => !existsSync(join(ROOT, dirname(page), to)))).toEqual([])
})

test('every file of ours that a page or a comment names exists', () => {
  const name = /(?:engine|jobs|simulator|science-modules|filters|test)\/[\w/.-]+\.(?:ts|js|md)/g
  const inPages = pagesOf('{*.md,docs/*.md,*/README.md}').flatMap((page) =>
    inlineOf(page).flatMap((code) => (code.match(name) ?? []).map((path) => ({ by: page, path })))
  )
  const inComments = texts
    .filter(({ path }) => path.endsWith('.ts'))
    .flatMap(({ path: by, lines }) =>
      lines
        .filter((line) => /^\s*(\*|\/\/|\/\*\*)/.test(line))
        .flatMap((line) => (line.match(name) ?? []).map((path) => ({ by, path })))
    )
  const named = [...inPages, ...inComments].filter(({ path }) => !path.includes('my_module'))
  expect(named.length).toBeGreaterThan(10)
  const missing = named.filter(
    ({ by, path }) =>
      ![ROOT, join(ROOT, dirname(by))].some((base) => existsSync(normalize(join(base, path))))
  )
  expect(missing).toEqual([])
})
