import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** What a machine is told at its first start, as far as ours say something. */
export interface CloudConfig {
  readonly packages?: readonly string[]
  readonly users?: readonly (string | { readonly name: string })[]
  readonly mounts?: readonly (readonly string[])[]
  readonly write_files: readonly {
    readonly path: string
    readonly content: string
    readonly permissions?: string
  }[]
  readonly runcmd: readonly string[]
}

export function cloudConfig(text: string): CloudConfig {
  if (!text.startsWith('#cloud-config\n')) throw new Error('the first line is not #cloud-config')
  return parse(text) as CloudConfig
}

/** Commands that change a machine: in a dry run they only write down that they were called. */
const STUBS = 'curl tar systemctl chown chmod git npm cp ln install openssl keytool'.split(' ')

/** What each of those called prints, and the file that a download leaves. */
export interface World {
  readonly download: string
  readonly commit: string
}

/**
 * Runs the commands of a first start as cloud-init does, in one shell, below `root` and with nothing
 * installed. @returns what was called, in order.
 */
export function dryRun({ runcmd }: CloudConfig, root: string, world: World): string[] {
  const bin = join(root, 'bin')
  for (const folder of ['bin', 'tmp', 'opt/siskin', 'etc', 'data']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  const log = join(root, 'calls')
  writeFileSync(log, '')
  for (const name of STUBS) {
    const path = join(bin, name)
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> "${log}"\n${bodyOf(name, world)}`)
    chmodSync(path, 0o755)
  }
  const script = runcmd
    .join('\n')
    .replaceAll(/(?<=^|[\s"=])\/(?=(tmp|opt|etc|data|usr\/lib\/jvm)\b)/gm, `${root}/`)
  const env = { PATH: `${bin}:/usr/bin:/bin` }
  spawnSync('sh', ['-c', script], { env, cwd: root, encoding: 'utf8' })
  return readFileSync(log, 'utf8').replaceAll(root, '').split('\n').filter(Boolean)
}

function bodyOf(name: string, { download, commit }: World): string {
  if (name === 'curl') {
    return `while [ $# -gt 1 ]; do [ "$1" = -o ] && printf %s '${download}' > "$2"; shift; done\n`
  }
  return name === 'git' ? `case "$*" in *rev-parse*) echo ${commit};; esac\n` : ''
}
