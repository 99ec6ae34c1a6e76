import type { Command } from 'commander'
import { catalogues } from '../../engine/catalogues/folder/list.ts'
import type { Listed } from '../../engine/catalogues/folder/list.ts'
import { expectOne } from '../../engine/catalogues/folder/ways.ts'
import { snapshotOf } from '../../engine/catalogues/folder/snapshot.ts'
import { unknownName, UsageError } from '../../engine/errors.ts'
import { readSettings } from '../settings/settings.ts'

/** Where the catalogues are, or are to be. @throws UsageError where it is not said */
export function folderOf(command: Command, use: 'read' | 'write' = 'read'): string {
  const { catalogues: folder } = readSettings(command, use === 'write')
  if (folder) return folder.replace(/\/+$/, '')
  throw new UsageError('where are the catalogues? Give --catalogues, a folder')
}

/** The catalogue of a name, of several snapshots the newest. @throws UsageError where there is none */
export async function catalogueOf(folder: string, name: string): Promise<Listed> {
  const found = await catalogues(folder)
  const { stem } = (await snapshotOf(folder, name, null)) ?? { stem: name }
  await expectOne(folder, stem)
  const own = found.find((one) => one.name === stem)
  if (own) return own
  const known = found.map((one) => one.name)
  throw unknownName('catalogue', name, known)
}
