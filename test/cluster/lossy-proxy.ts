import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

export interface LossyProxy {
  readonly port: number
  /** How many answers it has lost. */
  readonly lost: number
  /** Loses one more: the first with `word` after a request with `sign` was seen. */
  loseAfter(sign: string, word: string): void
  stop(): void
}

/**
 * Stands before a server. Requests that hold one of these words arrive and are carried out, but the
 * connection breaks instead of the answer: the first time for each word.
 */
export async function startLossyProxy(
  target: number,
  words: readonly string[]
): Promise<LossyProxy> {
  const waiting = new Set(words)
  let lost = 0
  let later: { sign: string; word: string } | null = null
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    let loses = false
    client.on('data', (data) => {
      const text = data.toString('latin1')
      const word = [...waiting].find((word) => text.includes(word))
      if (later && text.includes(later.sign)) {
        waiting.add(later.word)
        later = null
      }
      if (word) {
        waiting.delete(word)
        loses = true
      }
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (loses) {
        lost++
        client.destroy()
      } else client.write(data)
    })
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('close', end).on('error', end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get lost() {
      return lost
    },
    loseAfter: (sign, word) => {
      later = { sign, word }
    },
    stop: () => server.close()
  }
}
