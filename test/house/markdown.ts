import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './imports.ts'

const PAGES =
  '{*.md,docs/*.md,simulator/*.md,science-modules/**/*.md,filters/**/*.md,deploy/**/*.md,terraform/**/*.md}'

export interface Block {
  readonly page: string
  readonly line: number
  /** What stands behind the three backticks, `''` for none. */
  readonly language: string
  readonly code: string
}

export function pagesOf(pattern: string = PAGES): string[] {
  return globSync(pattern, { cwd: ROOT }).toSorted()
}

function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** The fenced blocks of a page. */
export function blocksOf(page: string): Block[] {
  const fence = /^( *)```([^\n]*)\n([^]*?)^ *```$/gm
  return [...textOf(page).matchAll(fence)].map(
    ({ index, input, 2: language = '', 3: code = '' }) => ({
      page,
      line: input.slice(0, index).split('\n').length,
      language: language.trim(),
      code
    })
  )
}

/** What stands in single backticks in the text of a page, outside of blocks. */
export function inlineOf(page: string): string[] {
  const text = textOf(page).replaceAll(/^ *```[^]*?^ *```$/gm, '')
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '))
}
