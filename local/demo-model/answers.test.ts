import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConversationMessage, quote, replyTo } from './answers.ts'
import { estimateTokens, fitIntoTokens, splitIntoPieces } from './chat-completions.ts'

const user = (text: string): ConversationMessage => ({ role: 'user', text })
const assistant = (text: string): ConversationMessage => ({ role: 'assistant', text })
const replyToOne = (text: string) => replyTo([user(text)])

function expectHonest(reply: string): void {
  for (const words of [
    /built-in demo assistant/,
    /canned/,
    /not a language model/,
    /OPENAI_API_KEY/,
    /OPENAI_BASE_URL/,
  ]) {
    expect(reply).toMatch(words)
  }
}

describe('every answer', () => {
  const messages = fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }).map(user), { minLength: 1, maxLength: 6 })

  test('says that it is canned, no language model, and how to get a real one, in 60 to 120 words', () => {
    fc.assert(
      fc.property(messages, (conversation) => {
        const reply = replyTo(conversation)
        expectHonest(reply)
        expect(reply.split(/\s+/).length).toBeGreaterThanOrEqual(60)
        expect(reply.split(/\s+/).length).toBeLessThanOrEqual(120)
      }),
    )
  })

  test('is the same for the same conversation and valid Unicode for any', () => {
    const anything = fc.array(fc.string({ unit: 'binary' }).map(user), { maxLength: 4 })
    fc.assert(
      fc.property(anything, (conversation) => {
        expect(replyTo(conversation)).toBe(replyTo([...conversation]))
        expect(replyTo(conversation).isWellFormed()).toBe(true)
      }),
    )
  })

  test.each(['', 'hi', 'help', 'joke', 'thanks!', 'count to 3', '1/0', 'how long is my message', 'a '.repeat(500)])(
    'keeps to that for %j in the first turns of a talk',
    (text) => {
      for (let turns = 1; turns <= 4; turns += 1) {
        const reply = replyTo(Array.from({ length: turns }, () => user(text)))
        expectHonest(reply)
        expect(reply.split(/\s+/).length).toBeGreaterThanOrEqual(60)
        expect(reply.split(/\s+/).length).toBeLessThanOrEqual(120)
        expect(reply).toMatch(/\p{Extended_Pictographic}/u)
      }
    },
  )

  test('counts what was said by both sides and leaves the system out', () => {
    const talk = [user('hi'), assistant('hello'), user('and now?')]
    expect(replyTo([{ role: 'system', text: 'Be brief.' }, ...talk])).toContain('This is message 3 of our talk')
    expect(replyTo([{ role: 'system', text: 'Be brief.' }])).toContain('Your message reached me empty.')
  })
})

describe('the rules', () => {
  test('greet back, and answer the question behind a greeting or a mention', () => {
    expect(replyToOne('Hello!')).toMatch(/^Hello, and welcome to Parley! 👋 You wrote: “Hello!”\n\nIt is a pleasure/)
    expect(replyToOne('hey there, 2 plus 2?')).toMatch(/^Hello, .*\n\n.*2 \+ 2 = 4\./)
    expect(replyToOne('@assistant what is 12*7')).toContain('12 × 7 = 84.')
    expect(replyToOne('High time')).toMatch(/^You wrote: “High time”/)
  })

  test.each([
    ['what is 12*7', '12 × 7 = 84.'],
    ['What’s 7 times -6?', '7 × -6 = -42.'],
    ['how much is 10 − 12', '10 − 12 = -2.'],
    ['10 / 4 =', '10 ÷ 4 = 2.5.'],
    ['10 divided by 3', '10 ÷ 3 ≈ 3.3333.'],
    ['3 / 7', '3 ÷ 7 ≈ 0.4286.'],
    ['999999 × 999999', '999999 × 999999 = 999998000001.'],
    ['5 ÷ 0', 'Dividing 5 by zero has no answer'],
  ])('answer %j with %j', (question, result) => {
    expect(replyToOne(question)).toContain(result)
  })

  test.each(['2+2*3', '1234567 + 1', '1.5 + 1', 'meet me 5-7 pm'])('do not pretend to calculate %j', (question) => {
    expect(replyToOne(question)).not.toContain('plain arithmetic')
  })

  test('count to the number asked for, after the disclosure', () => {
    expect(replyToOne('Please count to 5.')).toMatch(/OPENAI_BASE_URL.*\n\n1, 2, 3, 4, 5\.$/)
    expect(splitIntoPieces(replyToOne('count up to 2,000')).slice(-2000)).toMatchObject({ 0: '\n\n1,', 1999: ' 2000.' })
    expect(replyToOne('count to 2001')).toContain('I count to 2000 at most')
    expect(replyToOne('count to 0')).toContain('over before it begins')
  })

  test('measure the message that asks', () => {
    expect(replyToOne('How long is my message? 👍')).toContain('characters (Unicode code points) 25, words 6.')
  })

  test('tell another joke the next time', () => {
    const first = replyToOne('a joke, please')
    expect(replyTo([user('a joke, please'), assistant(first), user('a joke, please')])).not.toContain(
      first.split('\n\n')[1],
    )
  })

  test('list themselves when asked for help', () => {
    for (const question of ['help', 'What can you do?', 'who are you']) {
      expect(replyToOne(question)).toContain('everything I know by heart')
    }
  })

  test('read a message of a megabyte without stumbling', () => {
    for (const unit of ['1', ' ', '1+', '@assistant ', 'count to ', 'hi ', '-']) {
      expectHonest(replyToOne(unit.repeat(1_000_000 / unit.length)))
    }
  })
})

describe('a reply that broke off', () => {
  test('is continued to the very text it would have been, wherever it broke', () => {
    const question = fc.constantFrom('hi', 'joke', 'count to 30', 'café 👩‍💻?')
    fc.assert(
      fc.property(question, fc.nat(), (text, position) => {
        const whole = replyToOne(text)
        const begun = whole.slice(0, position % whole.length)
        expect(begun + replyTo([user(text), assistant(begun)])).toBe(whole)
      }),
    )
  })

  test('is not continued when it is complete or another’s', () => {
    for (const text of [replyToOne('hi'), 'To be, or not to be']) {
      const reply = replyTo([user('hi'), assistant(text)])
      expect(reply).toContain('nothing I can add')
      expectHonest(reply)
    }
  })
})

describe('what chat asks for beside a reply', () => {
  const asked = (task: string, said: string) =>
    replyTo([{ role: 'system', text: `${task}: in few words.` }, user(said)])

  test('is a title of the question’s first words', () => {
    const title = (question: string) =>
      asked('Name this conversation', `Question:\n${question}\n\nAnswer:\nYou wrote: …`)
    expect(title('What is 12*7?')).toBe('What is 12*7?')
    expect(title('Tell me\neverything about the sea, please, and more')).toBe('Tell me everything about the sea,…')
    expect(title(' ')).toBe('A talk without words')
  })

  test('is a summary that says that it is none', () => {
    const said = 'The summary of what was said before:\nCanned.\n\nWhat was said then:\n\nUser: joke\n\nAssistant: Ha.'
    const summary = asked('Sum up this conversation', said)
    expect(summary).toMatch(/demo assistant.*not a language model.*canned.*“User: joke Assistant: Ha.”$/)
  })
})

describe('a quote', () => {
  test('is the message on one line when it is short', () => {
    expect(quote(' two\n lines\u0000 here ')).toBe('two lines here')
  })

  test('has at most twelve words and eighty code units, and never cuts a character in two', () => {
    expect(quote('one two three four five six seven eight nine ten eleven twelve thirteen')).toMatch(/ twelve…$/)
    expect(quote('👩‍💻'.repeat(40))).toBe(`${'👩‍💻'.repeat(16)}…`)
    expect(quote(`e${'\u0301'.repeat(100)}`)).toBe('…')
  })
})

describe('tokens and pieces', () => {
  test('are one token to four characters, rounded up', () => {
    expect(['', 'a', 'abcd', 'abcde', '👍👍👍👍'].map(estimateTokens)).toEqual([0, 1, 1, 2, 1])
  })

  test('fit a limit without cutting a character in two', () => {
    expect(fitIntoTokens('👍👍👍👍👍', 1)).toEqual({ text: '👍👍👍👍', finishReason: 'length' })
    expect(fitIntoTokens('👍👍👍👍', 1)).toEqual({ text: '👍👍👍👍', finishReason: 'stop' })
  })

  test('join to the text they were cut from', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(splitIntoPieces(text).join('')).toBe(text)
      }),
    )
    expect(splitIntoPieces(' two words\n')).toEqual([' two', ' words', '\n'])
  })
})
