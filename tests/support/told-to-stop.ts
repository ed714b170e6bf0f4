/**
 * Aborts when somebody wants this program to end early, by Ctrl+C or through npm's launcher: nothing begins any more then, and what
 * is known is still told. Whoever asks twice does not want to wait: the program exits with 130, and what it started ends with it.
 */
export function toldToStop(): AbortSignal {
  const stopped = new AbortController()
  let signals = 0
  const stop = () => {
    signals += 1
    // Counted, because the launcher's word may come before the signal.
    if (signals > 1) process.exit(130)
    stopped.abort()
  }
  process
    .on('SIGINT', stop)
    .on('SIGTERM', stop)
    .on('message', () => stopped.abort())
    .on('disconnect', () => process.exit(130))
  return stopped.signal
}
