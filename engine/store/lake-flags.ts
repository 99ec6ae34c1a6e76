import { isHdfs } from './hdfs-address.ts'

/** What a command that is named in a message has to be told to reach the same lake. */
export function lakeFlags(root: string): string {
  return `${flagsText([['--lake', root]])} ${trustFlags(root)}`.trimEnd()
}

/** The same of one that takes the lake without a flag. */
export function trustFlags(root: string): string {
  const ca = isHdfs(root) ? process.env['SISKIN_HDFS_CA'] : undefined
  return flagsText([['--hdfs-ca', ca || null]])
}

/** Flags with their values as a shell reads them; those without a value are left out. */
export function flagsText(flags: readonly (readonly [flag: string, value: string | null])[]) {
  const given = flags.flatMap(([flag, value]) => (value === null ? [] : [`${flag} ${word(value)}`]))
  return given.join(' ')
}

/** One word for a shell, in quotes where it needs them. */
export function word(text: string): string {
  return /^[\w@%+=:,./…-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
