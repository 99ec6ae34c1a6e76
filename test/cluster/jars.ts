import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export type ServerName = 'kafka' | 'hdfs' | 'hbase'

/** HBase brings its own way of logging; these would be a second one. */
const UNWANTED = /^(slf4j-reload4j|reload4j)-.*\.jar$/

const MAVEN = 'mvn'

export const java = process.env['JAVA_HOME'] ? join(process.env['JAVA_HOME'], 'bin/java') : 'java'

/** What a server is for. */
export interface Use {
  /** It is put under load, not just asked: all of it is compiled, which makes it start slowly. */
  readonly underLoad?: boolean
}

/** How Java is started: the tests start many servers, each for a minute. */
export function javaFor({ underLoad }: Use): string[] {
  return underLoad ? [] : ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
}

/** Why no server can be started here; null if it can. */
export function whyNoCluster(): string | null {
  const runs = (command: string, flag: string) =>
    spawnSync(command, [flag], { stdio: 'ignore' }).status === 0
  if (!runs(java, '-version')) return 'no Java'
  return runs(MAVEN, '--version') ? null : 'no Maven'
}

/**
 * The folder with the jars of a server, fetched from Maven Central the first time. Its name follows
 * from the pom: another pom is another folder.
 */
export function jarsOf(name: ServerName): string {
  const pom = join(import.meta.dirname, name, 'pom.xml')
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  const cache = process.env['SISKIN_CLUSTER_CACHE'] ?? join(homedir(), '.cache/siskin/cluster')
  const folder = join(cache, `${name}-${hash}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, `fetching-${name}-`))
  try {
    fetchJars(pom, fresh)
    if (name === 'hbase') {
      for (const jar of readdirSync(fresh)) if (UNWANTED.test(jar)) rmSync(join(fresh, jar))
    }
    renameSync(fresh, folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(folder)) throw error // else another process was quicker
  }
  return folder
}

function fetchJars(pom: string, folder: string): void {
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`]
  const { status, stdout } = spawnSync(MAVEN, ['-q', '-B', '-f', pom, ...goal], {
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(`Maven could not fetch what ${pom} names:\n${stdout}`)
}
