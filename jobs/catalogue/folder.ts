import type { Command } from 'commander'
import { UsageError } from '../../engine/errors.ts'
import { readSettings } from '../settings/settings.ts'

/** Where the catalogues are. @throws UsageError where it is not said */
export function folderOf(command: Command): string {
  const { catalogues: folder } = readSettings(command)
  if (folder) return folder.replace(/\/+$/, '')
  throw new UsageError('where are the catalogues? Give --catalogues, a folder')
}
