import type { FromStreamMember, ToStreamMember } from '../../engine/stream/common/messages.ts'

const tell = (message: FromStreamMember) => process.send?.(message)

/** `stuck`: it joins, is behind, and takes nothing in. Else: it dies at once, of something that speaks past us. */
process.on('message', (message: ToStreamMember) => {
  if (message.kind === 'stop') process.exit(0)
  if (!message.name.startsWith('stuck')) {
    process.stderr.write('out of memory, says a library\n', () => process.exit(3))
    return
  }
  const place = { topic: 'night', partition: 0 }
  tell({ kind: 'joined', memberId: 'stuck', generation: 1, partitions: [place] })
  const behind = { ...place, lag: 7 }
  setInterval(
    () =>
      tell({
        kind: 'alive',
        knowsLag: true,
        waitsFor: null,
        waiting: 0,
        lags: [behind],
        memory: 1e6
      }),
    100
  )
})
