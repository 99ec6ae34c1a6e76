import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import * as contract from '../../engine/contract/index.ts'
import { errorsOf } from './compile.ts'
import { ROOT } from './imports.ts'

/** An `@example` is one or more expressions, each ending with `// result`; a number holds to the digits that are written. */
interface Claim {
  readonly name: string
  readonly code: string
  readonly result: string
}

const DOC = /\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport function (\w+)/g

function claimsOf(source: string): Claim[] {
  return [...source.matchAll(DOC)].flatMap(([, doc = '', name = '']) => {
    const example = doc.split('@example\n')[1]?.replaceAll(/^ \* ?/gm, '') ?? ''
    const claims = [...example.matchAll(/([^]+?) \/\/ (.+)\n/g)]
    return claims.map(([, code = '', result = '']) => ({ name, code: code.trim(), result }))
  })
}

const claims = globSync('engine/contract/*.ts', { cwd: ROOT }).flatMap((file) =>
  claimsOf(readFileSync(join(ROOT, file), 'utf8'))
)
const names = Object.keys(contract)

function valueOf(code: string): unknown {
  const run = runInThisContext(`({ ${names.join(', ')} }) => (${code})`) as (
    door: object
  ) => unknown
  return run(contract)
}

test('every function of the contract has an example', () => {
  const functions = Object.entries(contract).filter(([, value]) => typeof value === 'function')
  expect(functions.length).toBeGreaterThan(20)
  const without = functions
    .map(([name]) => name)
    .filter((name) => !claims.some((claim) => claim.name === name))
  expect(without).toEqual([])
})

test('every example compiles', () => {
  const imports = `import { ${names.join(', ')} } from '#contract'`
  const code = claims.map((claim, i) => `export const a${i} = ${claim.code}`)
  expect(errorsOf({ 'science-modules/examples/module.ts': [imports, ...code].join('\n') })).toEqual(
    []
  )
})

describe('every example answers what it says', () => {
  test.each(claims)('$name: $result', ({ code, result }) => {
    const value = valueOf(code)
    if (typeof value === 'number' && /^-?[\d.]+$/.test(result)) {
      expect(value).toBeCloseTo(Number(result), result.split('.')[1]?.length ?? 9)
    } else expect(value).toEqual(valueOf(result))
  })
})
