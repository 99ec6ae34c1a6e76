import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fault put back into the code: what it is, where, and how it is written. */
export interface Mutant extends Edit {
  readonly name: string
  readonly file: string
  readonly also?: Edit
  /** Where the hunt begins, for one that few schedules find. */
  readonly first?: number
}

interface Edit {
  readonly from: string
  readonly to: string
}

/**
 * Each was in the code once, or is what one of its precautions is there against. Those that need more than chance
 * gives in 20,000 schedules are in `recovery.test.ts` and in the tests of the claim.
 */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'takeover does not let Kafka confirm that the partitions are still its own',
    file: 'engine/stream/commit/takeover.ts',
    from: 'await coordination.commit(assignment, [], own, () => {})',
    to: ''
  },
  {
    name: 'takeover goes on though Kafka refuses its generation',
    file: 'engine/stream/commit/takeover.ts',
    from: 'await coordination.commit(assignment, [], own, () => {})',
    to: 'await coordination.commit(assignment, [], own, () => {}).catch(() => {})'
  },
  {
    name: 'takeover does not look into the topics for what a deleted group had committed',
    file: 'engine/stream/commit/counted.ts',
    from: 'if (record.first < oldest || (await coordination.published(record))) return new Set([folder])',
    to: '',
    first: 600
  },
  {
    name: 'an unsure member drops what it has staged',
    file: 'engine/stream/member/committer.ts',
    from: 'if (error instanceof UnsureError) return die(error, records)',
    to: 'if (error instanceof UnsureError) { for (const record of records) await drop(store, record); return die(error, records) }'
  },
  {
    name: 'an unsure member lives on',
    file: 'engine/stream/member/committer.ts',
    from: 'if (error instanceof UnsureError) return die(error, records)',
    to: "if (error instanceof UnsureError) return 'void'"
  },
  {
    name: 'every whole attempt counts, wherever the group stands',
    file: 'engine/stream/commit/recovery.ts',
    from: 'if (position === null || last >= position || first < (end ?? 0)) return null',
    to: ''
  },
  {
    name: 'attempts that begin before the ledger ends count',
    file: 'engine/stream/commit/recovery.ts',
    from: ' || first < (end ?? 0)',
    to: '',
    first: 900
  },
  {
    name: 'a partition that stands aside keeps what the ledger has of it in staging',
    file: 'engine/stream/commit/takeover.ts',
    from: 'const place = () => placeEntered(store, one.source, staged.get(one.source) ?? [])',
    to: 'const place = async () => {}',
    first: 13300
  },
  {
    name: 'a member whose name is all digits is taken for a range',
    file: 'engine/lake/two-phase-commit.ts',
    from: String.raw`/^(.+?)\/(\d{10,})-(\d{10,})\/(.+)$/`,
    to: String.raw`/^(.+?)[/-](\d+)-(\d+)\/(.+)$/`
  },
  {
    name: 'attempts of members have no names of their own',
    file: 'engine/stream/commit/recovery.ts',
    from: 'return `g${generation}-${member}-${number}`',
    to: 'return `g0-member-${number % 2}`'
  },
  {
    name: 'an attempt leaves its folder behind',
    file: 'engine/lake/two-phase-commit.ts',
    from: 'await store.remove(dirname(folder))',
    to: 'await store.remove(folder)'
  },
  {
    name: 'positions are committed without the generation',
    file: 'test/protocol/memory-broker.ts',
    from: "if (generation !== this.generation) throw new IllegalGeneration('ILLEGAL_GENERATION')",
    to: ''
  },
  {
    name: 'positions are read while a transaction may still move them',
    file: 'test/protocol/memory-broker.ts',
    from: '!isComplete && offsets.some',
    to: 'offsets.length < 0 && offsets.some'
  },
  {
    name: 'batches behind one that failed are committed',
    file: 'engine/stream/member/in-flight.ts',
    from: 'if ((await before) && (await commit',
    to: 'if (((await before) || true) && (await commit'
  },
  {
    name: 'batches are not committed in their order',
    file: 'engine/stream/member/in-flight.ts',
    from: 'if ((await before) && (await commit',
    to: 'if ((await commit'
  },
  {
    name: 'a run does not look whether its source is still its own',
    file: 'engine/lake/file-commit.ts',
    from: '    await check()\n',
    to: ''
  },
  {
    name: 'recovery does not fence what it judges',
    file: 'engine/lake/file-commit.ts',
    from: 'if (isOlder(name) && !name.includes(OVER)) await fence(store, `${root}/${name}`)',
    to: ''
  },
  {
    name: 'recovery removes what younger runs have staged',
    file: 'engine/lake/file-commit.ts',
    from: '(runOf(attempt) ?? run) < run',
    to: '(runOf(attempt) ?? run) < Infinity'
  },
  {
    name: 'a fenced folder gets the name of one that was fenced before',
    file: 'engine/lake/file-commit.ts',
    from: "const fenced = `${folder}${OVER}-${randomBytes(6).toString('hex')}`",
    to: 'const fenced = `${folder}${OVER}`'
  },
  {
    name: 'a dead thread’s attempt is not fenced',
    file: 'engine/lake/file-commit.ts',
    from: 'const fenced = await fence(store, `${stagingOf(source)}/${attempt}`)',
    to: 'const fenced = `${stagingOf(source)}/${attempt}`'
  }
]

const ROOT = join(import.meta.dirname, '../..')

/**
 * Plays schedules with the fault in a copy of the code.
 * @returns what the first one that fails says; null if none of so many does.
 */
export async function hunt(mutant: Mutant, count: number): Promise<string | null> {
  const { file, also, first = 1, ...edit } = mutant
  const copy = mkdtempSync(join(tmpdir(), 'siskin-mutant-'))
  try {
    for (const part of ['engine', 'test/protocol', 'test/support', 'package.json']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    const path = join(copy, file)
    let code = readFileSync(path, 'utf8')
    for (const { from, to } of also ? [edit, also] : [edit]) {
      if (!code.includes(from))
        throw new Error(`${file} has no "${from}" any more: mend the mutant`)
      code = code.replace(from, () => to)
    }
    writeFileSync(path, code)
    return await played(copy, first, count)
  } finally {
    rmSync(copy, { recursive: true })
  }
}

function played(folder: string, first: number, count: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const program = join(folder, 'test/protocol/play.ts')
    const child = spawn(process.execPath, [program, String(first), String(count)])
    let said = ''
    let failed = ''
    child.stdout.on('data', (text: Buffer) => (said += text.toString()))
    child.stderr.on('data', (text: Buffer) => (failed += text.toString()))
    child.on('error', reject)
    child.on('close', (code) => {
      if (said.startsWith('seed ')) resolve(said.trim())
      else if (code === 0) resolve(null)
      else reject(new Error(failed))
    })
  })
}
