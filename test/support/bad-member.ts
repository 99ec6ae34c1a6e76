import { parentPort, workerData } from 'node:worker_threads'
import { makePlan } from '../../engine/enrich/plan.ts'
import { runMember } from '../../engine/run/member.ts'
import type { MemberSettings } from '../../engine/run/messages.ts'
import { BAD } from './bad-modules.ts'

// A member whose one module misbehaves.
const settings = workerData as MemberSettings
const modules = (settings.modules ?? []).map((name) => BAD[name]!)
if (parentPort) await runMember(parentPort, settings, makePlan(modules, []))
