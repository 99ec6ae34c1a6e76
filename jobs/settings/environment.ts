import type { Command } from 'commander'
import { unknownName } from '../../engine/errors.ts'

/** A variable of the environment that is no setting. */
interface Variable {
  readonly name: string
  readonly about: string
  /** The commands that read it; those that take the setting `--lake`; all. */
  readonly readBy: readonly string[] | 'lake' | 'all'
}

const VARIABLES: readonly Variable[] = [
  {
    name: 'SISKIN_HDFS_USER',
    about: 'user at HDFS, for a lake at swebhdfs://… or hdfs://… (default: that of the system)',
    readBy: 'lake'
  },
  {
    name: 'SISKIN_HDFS_TOKEN',
    about: 'delegation token of HDFS',
    readBy: 'lake'
  },
  {
    name: 'SISKIN_CACHE',
    about: 'where parts of a lake in HDFS are copied to (default: ~/.cache/siskin/parts)',
    readBy: ['truth', 'start']
  },
  {
    name: 'XDG_CACHE_HOME',
    about: 'where it is kept what the CDS answered (default: ~/.cache)',
    readBy: ['run', 'stream', 'start', 'reprocess', 'repair', 'requeue']
  },
  {
    name: 'XDG_STATE_HOME',
    about: 'where it is kept what was read of a lake (default: ~/.local/state)',
    readBy: ['subscribe']
  },
  {
    name: 'SISKIN_CRASH',
    about: 'for tests of recovery: <first packet>:<step> ends the process there',
    readBy: ['run', 'start']
  },
  {
    name: 'SISKIN_REPAIR_CRASH',
    about: 'for tests of recovery: the step at which a repair ends',
    readBy: ['repair', 'requeue']
  },
  {
    name: 'SISKIN_GUARDED',
    about: 'set by a run for the process that goes on, with care, after one that died',
    readBy: ['run', 'start']
  },
  {
    name: 'SISKIN_STREAM_CRASH',
    about: 'for tests of recovery: the step at which a member ends',
    readBy: ['stream']
  },
  {
    name: 'SISKIN_DEBUG',
    about: 'set: an unexpected error is told with its stack',
    readBy: 'all'
  },
  {
    name: 'NODE_COMPILE_CACHE',
    about:
      'where compiled code is kept from one start to the next (default: in the temporary folder)',
    readBy: 'all'
  }
]

/** Given to the command of `subscribe --exec`, or read by the project's own tests. */
const OTHERS = [
  'SISKIN_CONFIG',
  'SISKIN_TOPIC',
  'SISKIN_OBJECT_ID',
  'SISKIN_ALERT_ID',
  'SISKIN_FAULTS',
  'SISKIN_SEED',
  'SISKIN_SCHEDULES',
  'SISKIN_PYTHON_CACHE',
  'SISKIN_CLUSTER_CACHE',
  'SISKIN_CLUSTER_STATE'
]

/** Kubernetes sets these for every service whose name begins with siskin. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$/
const TESTS = /^SISKIN_TEST_/
const LINK_VALUE = /^(tcp|udp|sctp):\/\//

/** A service siskin-metrics makes SISKIN_METRICS_PORT=tcp://…, which is no port of ours. */
export function dropServiceLinks(): void {
  for (const [name, value] of Object.entries(process.env)) {
    const isLink = name.startsWith('SISKIN_') && SERVICE_LINK.test(name)
    if (isLink && LINK_VALUE.test(value ?? '')) delete process.env[name]
  }
}

/** Says in a command's help which variables it reads that are no setting. */
export function addEnvironmentHelp(command: Command, takesLake: boolean): void {
  const own = VARIABLES.filter(({ readBy }) => {
    if (readBy === 'all') return true
    return readBy === 'lake' ? takesLake : readBy.includes(command.name())
  })
  const width = Math.max(...own.map(({ name }) => name.length))
  const lines = own.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`)
  command.addHelpText('after', ['\nAlso read from the environment:', ...lines].join('\n'))
}

/** @throws UsageError for a SISKIN_ variable that nothing reads, naming the one that was meant. */
export function checkEnvironment(settings: readonly string[]): void {
  const known = [...settings, 'SISKIN_CONFIG', ...VARIABLES.map(({ name }) => name)]
  const read = new Set([...known, ...OTHERS])
  for (const name of Object.keys(process.env).sort()) {
    if (!name.startsWith('SISKIN_') || read.has(name)) continue
    if (SERVICE_LINK.test(name) || TESTS.test(name)) continue
    throw unknownName('environment variable', name, known)
  }
}
