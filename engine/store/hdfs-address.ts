import { UsageError } from '../errors.ts'

/** Where a lake in HDFS is. */
export interface HdfsAddress {
  /** Over TLS, NameNodes and DataNodes alike. */
  readonly isSecure: boolean
  /** `host:port` of the web address of each NameNode. */
  readonly nameNodes: readonly string[]
  readonly folder: string
}

const KIND = /^(s?web)?hdfs:\/\//i
/** Hadoop's own, of its web addresses. */
export const HTTP_PORT = 9870
export const HTTPS_PORT = 9871

export function isHdfs(root: string): boolean {
  return KIND.test(root)
}

/**
 * `swebhdfs://host[:port][,host[:port]…]/folder` with TLS, `hdfs://…` or `webhdfs://…` without; the
 * ports are those of WebHDFS.
 * @throws UsageError for what is no host.
 */
export function parseHdfs(root: string): HdfsAddress {
  const [, kind = '', hosts = '', folder = ''] = /^(\w+):\/\/([^/]*)(.*)$/.exec(root) ?? []
  const isSecure = kind.toLowerCase() === 'swebhdfs'
  const defaultPort = isSecure ? HTTPS_PORT : HTTP_PORT
  const nameNodes = hosts.split(',').map((host) => {
    const [, port = defaultPort] = /^[\w.-]+(?::(\d{1,5}))?$/.exec(host) ?? [null, 0]
    if (Number(port) < 1 || Number(port) > 65_535) {
      throw new UsageError(
        `lake "${root}": "${host}" is no host of a NameNode; give ${kind}://host:${defaultPort}/folder, or ${kind}://host1,host2/folder`
      )
    }
    return host.includes(':') ? host : `${host}:${defaultPort}`
  })
  return { isSecure, nameNodes, folder: folder.replace(/\/+$/, '') || '/' }
}
