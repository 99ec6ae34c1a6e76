import type { FromStreamMember, ToStreamMember } from '../../engine/stream/common/messages.ts'

const tell = (message: FromStreamMember) => process.send?.(message)

/** `stuck`: it joins, is behind, and takes nothing in. `looks`: it takes its partitions over, which takes long. Else: it dies at once, of something that speaks past us. */
process.on('message', (message: ToStreamMember) => {
  if (message.kind === 'stop') process.exit(0)
  const looks = message.name.startsWith('looks')
  if (!looks && !message.name.startsWith('stuck')) {
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
        knowsLag: !looks,
        waitsFor: looks ? 'the topics for subscribers' : null,
        waiting: 0,
        lags: looks ? [] : [behind],
        memory: 1e6
      }),
    100
  )
})
