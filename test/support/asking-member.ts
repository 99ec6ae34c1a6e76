import { parentPort, workerData } from 'node:worker_threads'
import { runMember } from '../../engine/run/member.ts'
import type { MemberSettings } from '../../engine/run/messages.ts'
import { askingPlan } from './asking-modules.ts'

await runMember(parentPort!, workerData as MemberSettings, askingPlan())
