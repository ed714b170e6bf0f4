import DataLoader from 'dataloader'

const MOST_AT_ONCE = 1_000

/**
 * Answers what is asked within one turn of the event loop together, at most 1,000 at a time, and equal questions once.
 * Nothing is remembered beyond that: whoever asks when the questions are being answered may know of something that the
 * answer does not.
 *
 * @param answer gives an answer to each question, in their order.
 * @param keyOf the same for equal questions.
 */
export function inOneTurn<Question, Answer>(
  answer: (questions: readonly Question[]) => Promise<Answer[]>,
  keyOf: (question: Question) => string,
): (question: Question) => Promise<Answer> {
  const loader: DataLoader<Question, Answer, string> = new DataLoader(
    (questions) => {
      loader.clearAll()
      return answer(questions)
    },
    { cacheKeyFn: keyOf, maxBatchSize: MOST_AT_ONCE, batchScheduleFn: (ask) => void setImmediate(ask) },
  )
  return (question) => loader.load(question)
}
