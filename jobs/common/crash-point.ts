/** For recovery tests: SISKIN_CRASH=<first packet>:<step> kills the process at that step of that part's commit. */
export function crashPoint(): { first: number; step: string } | null {
  const [first, step] = (process.env['SISKIN_CRASH'] ?? '').split(':')
  return first && step ? { first: Number(first), step } : null
}

/** The same for a command that makes one part after the other: SISKIN_CRASH=<n>:<step> kills it when it is at the step for the nth time. */
export function crashAtNth(): (step: string) => void {
  const crash = crashPoint()
  let times = 0
  return (step) => {
    if (step === crash?.step && ++times === crash.first) process.kill(process.pid, 'SIGKILL')
  }
}
