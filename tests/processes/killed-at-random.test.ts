import { expect, it, vi } from 'vitest'
import { replyTo } from '../../local/demo-model/answers.ts'
import { temporaryFolder } from '../../platform/testing/temporary-folder.ts'
import { readReply } from '../support/chat-streams.ts'
import { ConversationReader } from '../support/conversation-reader.ts'
import { GraphClient } from '../support/graph-client.ts'
import { processesOf, type RunningParley, startGraph } from '../support/parley-process.ts'
import { createConversation, type Person, sendMessage, signUp } from '../support/people.ts'

vi.setConfig({ testTimeout: 240_000 })

const KILLS = 1
const QUESTION = 'count to 150'
const ANSWER = replyTo([{ role: 'user', text: QUESTION }])
/** So near to its end a reply may be whole before the signal arrives. */
const LAST_WORDS = 200

/** A repeatable random number generator (mulberry32), 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const at = (parley: RunningParley, person: Person): Person => ({
  ...person,
  client: new GraphClient(parley.url, person.tokens.accessToken),
})

it('Wherever in a reply a kill -9 comes, the next start, made at once, writes that reply whole and once.', async () => {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
  const random = randomFrom(seed)
  const folder = await temporaryFolder()
  let parley = await startGraph(folder)
  const ada = await signUp(parley)

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const units = 1 + Math.floor(random() * (ANSWER.length - LAST_WORDS))
    process.stdout.write(`TEST_SEED=${seed} kill ${kill} of ${KILLS}: after ${units} of ${ANSWER.length} units\n`)
    const conversationId = await createConversation(at(parley, ada))
    const reader = new ConversationReader(conversationId)
    await reader.read(at(parley, ada), ({ cursor }) => cursor !== undefined)
    const { message, reply } = await sendMessage(at(parley, ada), conversationId, QUESTION)
    await reader.read(at(parley, ada), ({ text }) => text.length >= units)
    const killed = processesOf(folder)
    process.kill(parley.nodeId, 'SIGKILL')

    parley = await startGraph(folder)
    expect(processesOf(folder).filter((id) => killed.includes(id))).toEqual([])
    await reader.read(at(parley, ada), ({ finished }) => finished.length > 0)
    expect([message.number, reply?.number]).toEqual([1, 2])
    expect(reader.numbers).toEqual([1, 2])
    expect(reader.text).toBe(ANSWER)
    expect(reader.finished).toEqual([ANSWER])
    const { body, generation } = await readReply(at(parley, ada), reply?.id ?? '')
    expect({ body, ...generation }).toMatchObject({ body: ANSWER, status: 'COMPLETED', attempt: 2 })
  }
})
