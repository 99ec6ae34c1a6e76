import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** The version of Siskin that made a part; written into its provenance. */
export const SISKIN_VERSION = manifest.version
