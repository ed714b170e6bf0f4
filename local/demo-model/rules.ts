/** What a rule answers; `series` is the long part some answers have, told last. */
interface RuleAnswer {
  readonly text: string
  readonly series?: string
}

interface Rule {
  readonly recognises: RegExp
  readonly answer: (match: RegExpExecArray, question: Question) => RuleAnswer
}

interface Question {
  /** The user's message as it arrived. */
  readonly message: string
  /** How many messages the user has sent, this one included; picks among equal answers. */
  readonly turn: number
}

/** The farthest the demo assistant counts: about a minute of streaming at the default pace. */
const HIGHEST_COUNT = 2_000

/*
 * Messages can be a megabyte long, so every pattern below is anchored at the start or begins with a literal, and repeats
 * a bounded number of times or only at its end: matching stays linear.
 */
const MENTION = /@assistant\b[,:]?/gi
const GREETING = /^(?:hello|hi|hey|good (?:morning|afternoon|evening)|bonjour|hola|salut)(?!\p{L})(?: there)?[\s,.!]*/iu

const RULES: readonly Rule[] = [
  { recognises: /\bcount (?:up )?to (\d[\d,]{0,11})/i, answer: ([, limit = '']) => count(limit) },
  {
    recognises:
      /^(?:what(?:['’]s| is)|how much is|calculate|compute)? ?([-−]?\d{1,6}) ?([-+*/−×÷x]|plus|minus|times|multiplied by|divided by) ?([-−]?\d{1,6}) ?[=?.!]?$/i,
    answer: ([, left = '', operator = '', right = '']) => ({ text: calculate(left, operator, right) }),
  },
  {
    recognises: /\bhow long (?:is|was) (?:my|this) message\b/i,
    answer: (_, { message }) => ({ text: measure(message) }),
  },
  { recognises: /\bjoke\b/i, answer: (_, { turn }) => ({ text: pick(JOKES, turn) }) },
  {
    recognises: /^(?:help|what can (?:you|i) (?:do|ask)|(?:who|what) are you)(?!\p{L})/iu,
    answer: () => ({ text: HELP }),
  },
  { recognises: /^(?:thanks|thank you|merci)(?!\p{L})/iu, answer: () => ({ text: WELCOME }) },
]

const HELP =
  'Here is everything I know by heart: sums of two whole numbers (“what is 12*7”), counting (“count to 100”), ' +
  'measuring (“how long is my message”) and jokes (“tell me a joke”). 🎒'
const WELCOME = 'You are very welcome, although thanking a handful of rules is a bit like tipping a vending machine. ☕'
const GREETED =
  'It is a pleasure to meet you. Ask me for “help” and I shall recite my whole, rather short, repertoire. 🎭'
const SILENCE = 'There is nothing in it that I can read, so I have nothing to answer. Try “help” to see what I know. 🤷'
const UNRECOGNISED = [
  'No rule of mine fits that, so all I can do is hand it back like a polite echo in a café. ☕ Ask for “help” to see what I do know.',
  'I looked through my short list of rules, found none for this, and shrugged with a certain élan. 🤷 Ask for “help” to see the list.',
  'That is beyond my repertoire, and I would rather say so than improvise. 🎭 Ask for “help” and I recite what I have.',
] as const
const JOKES = [
  'A subscription walks into a café and never leaves: it is still waiting for the next event. ☕',
  'There are two hard things in chat: ordering, exactly-once delivery, and ordering. 🙃',
  'I would tell you the one about the naïve cache, but you would only hear last week’s version. 🗃️',
] as const

/** Finds the rule for the message and its answer; a greeting in front of the question does not hide the question. */
export function recognise(question: Question): RuleAnswer & { readonly greeted: boolean } {
  const addressed = question.message.replace(MENTION, ' ').replace(/\s+/g, ' ').trim()
  const asked = addressed.replace(GREETING, '')
  const greeted = asked.length < addressed.length
  if (asked === '') return { greeted, text: greeted ? GREETED : SILENCE }
  for (const { recognises, answer } of RULES) {
    const match = recognises.exec(asked)
    if (match) return { greeted, ...answer(match, question) }
  }
  return { greeted, text: pick(UNRECOGNISED, question.turn) }
}

export function pick<T>(choices: readonly [T, ...T[]], turn: number): T {
  return choices[turn % choices.length] ?? choices[0]
}

function count(limit: string): RuleAnswer {
  const last = Number(limit.replaceAll(',', ''))
  if (last > HIGHEST_COUNT)
    return { text: `That is too far for me: I count to ${HIGHEST_COUNT} at most. Ask for less. 🐢` }
  if (last === 0) return { text: 'Counting to zero is over before it begins: voilà, done. 🏁' }
  const numbers = Array.from({ length: last }, (_, index) => index + 1)
  return { text: `I shall count to ${last} as soon as I have introduced myself. 🔢`, series: `${numbers.join(', ')}.` }
}

function calculate(left: string, operator: string, right: string): string {
  const [a, b] = [toNumber(left), toNumber(right)]
  const sentence = (sign: string, result: number) =>
    `I did that one with plain arithmetic: ${a} ${sign} ${b} = ${result}. 🧮`
  switch (operator.toLowerCase()) {
    case '+':
    case 'plus':
      return sentence('+', a + b)
    case '-':
    case '−':
    case 'minus':
      return sentence('−', a - b)
    case '/':
    case '÷':
    case 'divided by':
      return divide(a, b)
    default:
      return sentence('×', a * b)
  }
}

function divide(a: number, b: number): string {
  if (b === 0) return `Dividing ${a} by zero has no answer, and even a demo assistant will not invent one. 🚫`
  const rounded = Math.round((a / b) * 10_000) / 10_000
  return `I did that one with plain arithmetic: ${a} ÷ ${b} ${rounded * b === a ? '=' : '≈'} ${rounded}. 🧮`
}

function toNumber(digits: string): number {
  return Number(digits.replace('−', '-'))
}

function measure(message: string): string {
  const characters = Array.from(message).length
  const words = message.split(/\s+/).filter((word) => word !== '').length
  return `I laid a ruler along it, sans détour: characters (Unicode code points) ${characters}, words ${words}. 📏`
}
