import { SiskinError } from '../../errors.ts'
import { isMissing } from '../../store/errors.ts'
import type { Folder } from '../../store/folder.ts'

/** What a catalogue says of itself: `hats.properties`, or its name before, `properties`. */
export type Properties = ReadonlyMap<string, string>

const NAMES = ['hats.properties', 'properties']

/** Null where a folder has none, and is no catalogue then. */
export async function readProperties(folder: Folder, below = ''): Promise<Properties | null> {
  for (const name of NAMES) {
    const text = await textOf(folder, below + name)
    if (text !== null) return parseProperties(text)
  }
  return null
}

/** The folder with the catalogue itself: of a collection the one that it names, else this one. */
export async function primaryOf(folder: Folder): Promise<string> {
  const text = await textOf(folder, 'collection.properties')
  if (text === null) return ''
  const primary = parseProperties(text).get('hats_primary_table_url')
  if (primary === undefined) {
    throw new SiskinError(
      `${folder.root}/collection.properties names no hats_primary_table_url: which folder holds the catalogue?`
    )
  }
  return `${primary.replace(/\/+$/, '')}/`
}

export async function textOf(folder: Folder, path: string): Promise<string | null> {
  if ((await folder.size(path)) === null) return null
  try {
    return Buffer.from(await folder.read(path)).toString()
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function parseProperties(text: string): Properties {
  const lines = text.split(/\r?\n/).filter((line) => /^\s*[^#!\s]/.test(line))
  const pairs = lines.map((line) => {
    const [, key = '', value = ''] = /^\s*([^=:\s]+)\s*[=:\s]\s*(.*?)\s*$/.exec(line) ?? []
    return [key, value] as const
  })
  return new Map(pairs)
}
