import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { startHBase, startHdfs, startKafka, whyNoCluster } from './cluster.ts'
import { describeCluster, readState, STATE } from './state.ts'
import type { RunningServer } from './state.ts'

const HELP = `Starts Kafka, HDFS and HBase on this machine and leaves them running.

  node test/cluster/up.ts [kafka] [hdfs] [hbase]     all three, or those named (HBase needs HDFS)
  node test/cluster/down.ts                          stops them and removes their data`

const NAMES = ['kafka', 'hdfs', 'hbase']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean' } }
})
const unknown = positionals.find((name) => !NAMES.includes(name))
if (values.help) console.log(HELP)
else if (unknown !== undefined) fail(`unknown server "${unknown}"; known: ${NAMES.join(', ')}`, 2)
else await up(positionals.length > 0 ? positionals : NAMES)

async function up(names: readonly string[]): Promise<void> {
  const why = whyNoCluster()
  if (why) return fail(`${why} here: install Java 17 and Maven, then run it again`, 1)
  if (existsSync(STATE)) {
    return fail(`it is up already:\n${describeCluster(readState())}\nnode test/cluster/down.ts`, 1)
  }
  const folder = dirname(STATE)
  mkdirSync(folder, { recursive: true })
  const running: RunningServer[] = []
  const note = (name: string, address: string, daemons: readonly { pid: number | null }[]) => {
    const pids = daemons.flatMap(({ pid }) => (pid === null ? [] : [pid]))
    running.push({ name, address, pids })
    writeFileSync(STATE, `${JSON.stringify(running, null, 1)}\n`)
  }
  const at = (name: string) => ({ folder: `${folder}/${name}`, keep: true, underLoad: true })
  if (names.includes('kafka')) {
    const kafka = await startKafka(at('kafka'))
    note('kafka', kafka.bootstrap, kafka.daemons)
  }
  if (names.includes('hdfs') || names.includes('hbase')) {
    const hdfs = await startHdfs({ ...at('hdfs'), tls: true })
    const { root, ca } = hdfs.tls!
    note('hdfs', `${hdfs.root}, with TLS ${root} (--hdfs-ca ${ca})`, hdfs.daemons)
    if (names.includes('hbase')) {
      const hbase = await startHBase({ ...at('hbase'), hdfs })
      note('hbase', hbase.address, hbase.daemons)
    }
  }
  console.log(describeCluster(running))
  console.log(`\nlogs and data in ${folder}; stop with: node test/cluster/down.ts`)
}

function fail(message: string, code: number): void {
  console.error(message)
  process.exitCode = code
  if (code === 1 && !existsSync(STATE)) rmSync(dirname(STATE), { recursive: true, force: true })
}
