import { codeOf, messageOf, OutageError } from '../errors.ts'

/** What a cluster answered instead of doing what was asked, in the words of the system's errors. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: string
  /** Whether it may work a little later. */
  readonly isPassing: boolean
  /** Whether another NameNode may do it now. */
  readonly isAboutNameNode: boolean

  constructor(message: string, code: string, isPassing: boolean, isAboutNameNode = false) {
    super(message)
    this.code = code
    this.isPassing = isPassing
    this.isAboutNameNode = isAboutNameNode
  }

  /** From the answer of a NameNode or DataNode. */
  static of(status: number, body: Uint8Array): Refusal {
    const text = Buffer.from(body.subarray(0, 10_000)).toString()
    const { exception, javaClassName, message } = remoteException(text)
    if (/Hadoop IPC port/.test(text)) {
      const hint = 'this is the port of the RPC protocol: give the port of WebHDFS (9870)'
      return new Refusal(hint, 'EPROTO', false)
    }
    const known = KNOWN.find(([pattern]) => pattern.test(`${exception}: ${message}`))
    if (known) return new Refusal(firstLine(message), known[1], known[2] ?? false, known[3])
    const told = exception ? `${exception}: ${firstLine(message)}` : `it answers ${status}`
    if (status === 401) return new Refusal(told, 'EACCES', false)
    // What broke between DataNode and NameNode has many names: any failed input or output may pass.
    return new Refusal(told, 'EIO', status >= 500 || /^java\.(net|nio|io)\./.test(javaClassName))
  }
}

/** Names and words of Hadoop's exceptions: the system's code, whether it passes, whose it is. */
const KNOWN: readonly [RegExp, string, isPassing?: boolean, isAboutNameNode?: boolean][] = [
  [/^(StandbyException|ObserverRetryOnActive)/, 'EAGAIN', true, true],
  [/SafeModeException|safe mode/i, 'ESAFEMODE', true],
  [/RetriableException|ServerTooBusy|startup mode|not yet started/i, 'EAGAIN', true, true],
  [/AlreadyBeingCreated|RecoveryInProgress|LeaseExpired|NotReplicatedYet/, 'EBUSY', true],
  [/minReplication nodes|could only be replicated|Failed to find datanode/, 'ENOSPC', true],
  [/DiskOutOfSpace|No space left|OutOfSpace/i, 'ENOSPC', true],
  [/QuotaExceeded/, 'EDQUOT'],
  [/FileAlreadyExists/, 'EEXIST'],
  [/ParentNotDirectory|is not a directory|Parent path is not a directory/i, 'ENOTDIR'],
  [/FileNotFound/, 'ENOENT'],
  [/out of the range/, 'ERANGE'],
  [/AccessControl|AuthorizationException/, 'EACCES'],
  [/InvalidToken/, 'EKEYREJECTED'],
  [/AuthenticationException|SecurityException/, 'EACCES']
]

interface RemoteException {
  readonly exception: string
  readonly javaClassName: string
  readonly message: string
}

function remoteException(text: string): RemoteException {
  try {
    const { RemoteException: told } = JSON.parse(text) as {
      RemoteException?: Partial<RemoteException>
    }
    const { exception = '', javaClassName = '', message = '' } = told ?? {}
    return { exception, javaClassName, message }
  } catch {
    return { exception: '', javaClassName: '', message: '' }
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!
}

/** Who was asked. */
export interface Asked {
  /** `host:port` */
  readonly host: string
  readonly isDataNode: boolean
}

/**
 * What broke on the way: it passes, or another NameNode is better.
 * @throws the error itself if it is not the network's.
 */
export function refusalOf(error: unknown, asked?: Asked): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof OutageError) return new Refusal(error.message, 'ETLS', true)
  const code = codeOf(error)
  const distrust = asked && code !== undefined ? distrustOf(code, messageOf(error), asked) : null
  if (distrust) return distrust
  if (code === undefined || code.startsWith('ERR_')) throw error
  const told = messageOf(error) || code
  if (code.startsWith('HPE_')) return new Refusal(whyNoHttp(error, told), code, false)
  if (!asked?.isDataNode) return new Refusal(told, code, true, true)
  return new Refusal(`the DataNode ${asked.host} does not answer (${told})`, code, true)
}

/** The first byte of an alert of TLS: what a server answers that was spoken to without. */
const TLS_ALERT = 0x15

function whyNoHttp(error: unknown, told: string): string {
  const { rawPacket } = error as { rawPacket?: Buffer }
  if (rawPacket?.[0] !== TLS_ALERT) return `no WebHDFS speaks there: ${told}`
  return 'it wants TLS: give swebhdfs://… with this port, or hdfs://… with its port for HTTP (9870)'
}

const UNKNOWN_AUTHORITY =
  /SELF_SIGNED_CERT|^UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_UNTRUSTED|INVALID_CA/
const OUT_OF_DATE = /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/

/** Why no connection with TLS came about; null if TLS is not to blame. Waiting does not help. */
function distrustOf(code: string, message: string, { host, isDataNode }: Asked): Refusal | null {
  const who = `the ${isDataNode ? 'DataNode' : 'NameNode'} ${host}`
  const refused = (why: string) => new Refusal(`${who} ${why}`, 'ETLS', false, !isDataNode)
  if (UNKNOWN_AUTHORITY.test(code)) {
    return refused(
      `has a certificate of an authority that is not trusted (${message.split(';')[0]}): give the authority's with --hdfs-ca (SISKIN_HDFS_CA)`
    )
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const reason = message.replace(/^Hostname\/IP does not match certificate's altnames: /, '')
    return refused(
      `has a certificate for other names (${reason}): it needs one with the name that it is asked by`
    )
  }
  if (OUT_OF_DATE.test(code))
    return refused(`has a certificate that is not valid today (${message})`)
  if (/wrong.version.number|packet.length.too.long|http.request/i.test(code + message)) {
    return refused('does not speak TLS: give its port for HTTPS (9871), or hdfs:// for plain HTTP')
  }
  if (/^ERR_(SSL|TLS)_|^CERT_|^EPROTO$/.test(code))
    return refused(`refuses TLS (${firstLine(message)})`)
  return null
}
