import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export interface Certificate {
  /** Key and certificate, for the server. */
  readonly keyStore: string
  readonly password: string
  /** The certificate alone (PEM), for those who are to trust it. */
  readonly pem: string
}

const LOCAL = 'ip:127.0.0.1,dns:localhost'

/** A certificate that signs itself, for 127.0.0.1 unless other names are given, in files of the folder. */
export function makeCertificate(folder: string, names = LOCAL, file = 'server'): Certificate {
  const certificate = {
    keyStore: join(folder, `${file}.p12`),
    password: 'siskin-tests',
    pem: join(folder, `${file}.pem`)
  }
  const { keyStore, password, pem } = certificate
  const own = ['-alias', 'server', '-keystore', keyStore, '-storepass', password]
  const name = ['-dname', 'CN=127.0.0.1', '-ext', `san=${names}`]
  keytool([
    '-genkeypair',
    '-keyalg',
    'EC',
    '-storetype',
    'PKCS12',
    '-validity',
    '30',
    ...name,
    ...own
  ])
  keytool(['-exportcert', '-rfc', '-file', pem, ...own])
  return certificate
}

function keytool(args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync('keytool', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`keytool ${args[0]}: ${stdout}${stderr}`)
}
