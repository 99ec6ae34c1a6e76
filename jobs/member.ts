import { parentPort, workerData } from 'node:worker_threads'
import { makePlan } from '../engine/enrich/plan.ts'
import { runMember } from '../engine/run/member.ts'
import type { MemberSettings } from '../engine/run/messages.ts'
import { pickFilters, pickModules } from './registries.ts'

// The thread of a member: it finds its modules by name, since functions do not travel.
if (!parentPort) throw new Error('a member is started by its supervisor')
const settings = workerData as MemberSettings
const plan = makePlan(pickModules(settings.modules), pickFilters(settings.filters))
await runMember(parentPort, settings, plan)
