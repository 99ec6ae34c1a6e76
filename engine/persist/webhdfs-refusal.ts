import { codeOf, messageOf } from '../errors.ts'

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

/**
 * What broke on the way: it passes, or another NameNode is better.
 * @throws the error itself if it is not the network's.
 */
export function refusalOf(error: unknown, dataNode?: string): Refusal {
  if (error instanceof Refusal) return error
  const code = codeOf(error)
  if (code === undefined || code.startsWith('ERR_')) throw error
  const told = messageOf(error) || code
  if (code.startsWith('HPE_')) return new Refusal(`no WebHDFS speaks there: ${told}`, code, false)
  if (dataNode === undefined) return new Refusal(told, code, true, true)
  return new Refusal(`the DataNode ${dataNode} does not answer (${told})`, code, true)
}
