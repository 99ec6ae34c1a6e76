import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Model, Predict, Tensor } from '../contract/index.ts'
import { messageOf, UsageError } from '../errors.ts'
import { unguarded } from '../pure.ts'

export interface OpenedModel {
  readonly predict: Predict
  /** The first 12 hex digits of the SHA-256 of its file. */
  readonly version: string
}

const TYPES = new Map<unknown, 'float32' | 'float64' | 'int32' | 'int64'>([
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int32Array, 'int32'],
  [BigInt64Array, 'int64']
])

/** Loads a model for one thread of one processor. @throws UsageError that names its file. */
export async function openModel(who: string, { file, base }: Model): Promise<OpenedModel> {
  const path = fileURLToPath(new URL(file, base))
  const { InferenceSession, Tensor: OnnxTensor } = await import('onnxruntime-node')
  try {
    const bytes = await readFile(path)
    const session = await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1
    })
    const predict: Predict = async (inputs) => {
      const fed = Object.entries(inputs).map(([name, { data, shape }]) => {
        const type = TYPES.get(data.constructor)!
        return [name, new OnnxTensor(type, data as never, [...shape])] as const
      })
      // the module has no timers, the model has
      const answered = await unguarded(() => session.run(Object.fromEntries(fed)))
      const given = Object.entries(answered).map(([name, { data, dims }]) => [
        name,
        { data: data as Tensor['data'], shape: dims }
      ])
      return Object.fromEntries(given) as Readonly<Record<string, Tensor>>
    }
    return { predict, version: createHash('sha256').update(bytes).digest('hex').slice(0, 12) }
  } catch (error) {
    throw new UsageError(`${who}: model ${path} cannot be loaded: ${messageOf(error)}`, {
      cause: error
    })
  }
}
