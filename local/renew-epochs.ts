import { parseArgs } from 'node:util'
import { renewEpochs } from '../subgraphs/chat/event-log/event-log-home-epochs.ts'
import { openChatForAdministration } from './chat-administration.ts'
import { runCommandOn } from './command.ts'

await runCommandOn(openChatForAdministration, {
  usage: 'Say: npm run renew-epochs',
  read: () => parseArgs({ options: {} }).values,
  async carryOut({ orm }) {
    const count = await renewEpochs(() => orm.em.fork())
    return count === 0
      ? 'There are no conversations yet, so there was nothing to renew.'
      : `${count === 1 ? 'One conversation begins' : `${count} conversations begin`} a new run of the event log. ` +
          'Clients that come back with an older cursor are told Reset, and read again what they show.'
  },
})
