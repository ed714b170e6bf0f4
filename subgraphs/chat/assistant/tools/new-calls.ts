import { storableText } from '../../../../platform/storable-text.ts'
import type { RequestedCall } from '../model/model-request.ts'
import { LONGEST_ARGUMENTS } from './call-arguments.ts'
import type { NewCall } from './tool-journal.ts'
import type { Tools } from './tools.ts'

/** So many calls of one answer are run; the model may ask for the others again. */
const MOST_CALLS = 16
const LONGEST_NAME = 64
const LONGEST_ID = 200

/** The tools of this process, and the names of those that the model was offered: it may call others all the same. */
export interface OfferedTools {
  readonly tools: Tools
  readonly offered: ReadonlySet<string>
}

/** The calls of a model's answer as they are journaled: those that cannot be run have failed at once. */
export function readCalls(calls: readonly RequestedCall[], within: OfferedTools): NewCall[] {
  const taken = new Set<string>()
  return calls.slice(0, MOST_CALLS).map(({ id, name, arguments: text }) => {
    const providerId = freeId(storableText(id.slice(0, LONGEST_ID)), taken)
    taken.add(providerId)
    const call = {
      providerId,
      name: storableText(name.slice(0, LONGEST_NAME)),
      arguments: storableText(text.slice(0, LONGEST_ARGUMENTS)),
    }
    return { ...call, ...stateOf(name, text, within) }
  })
}

function stateOf(name: string, text: string, { tools, offered }: OfferedTools): Pick<NewCall, 'status' | 'result'> {
  const tool = offered.has(name) ? tools.get(name) : undefined
  if (!tool) return { status: 'FAILED', result: 'There is no tool of this name.' }
  if (text.length > LONGEST_ARGUMENTS) {
    return { status: 'FAILED', result: `The arguments are longer than ${LONGEST_ARGUMENTS} characters.` }
  }
  return { status: tool.needsApproval ? 'AWAITING_APPROVAL' : 'RUNNING', result: null }
}

/** Some servers give all calls of an answer one id, or none: then results could not be told apart. */
function freeId(id: string, taken: ReadonlySet<string>): string {
  if (id !== '' && !taken.has(id)) return id
  for (let number = taken.size; ; number += 1) if (!taken.has(`call_${number}`)) return `call_${number}`
}
