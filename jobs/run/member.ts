import { parentPort, workerData } from 'node:worker_threads'
import { runMember } from '../../engine/run/member.ts'
import type { MemberSettings } from '../../engine/run/messages.ts'
import { planFor } from '../common/registries.ts'

// The thread of a member: it finds its modules by name, since functions do not travel.
if (!parentPort) throw new Error('a member is started by its supervisor')
const settings = workerData as MemberSettings
await runMember(parentPort, settings, planFor(settings))
