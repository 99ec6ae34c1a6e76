import { checkAuthority } from '../../engine/authority.ts'
import type { Setting } from './values.ts'

export const HDFS_SETTINGS = {
  hdfsCa: {
    key: 'hdfsCa',
    flag: '--hdfs-ca <file>',
    about:
      'trust this authority’s certificate (PEM) for a lake at swebhdfs://… (default: the system’s authorities)',
    parse: (text: string): string | null => text || null
  }
} satisfies Record<string, Setting>

/**
 * Puts the authority where every store of the process, its threads and its members find it, beside
 * the user of HDFS.
 * @throws UsageError for a file that cannot be read.
 */
export function trustAtHdfs(ca: string | null): void {
  if (ca === null) return
  if (ca !== 'system') checkAuthority(ca)
  process.env['SISKIN_HDFS_CA'] = ca
}
