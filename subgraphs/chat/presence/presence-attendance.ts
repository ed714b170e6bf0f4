import type { Attendance } from '../../../platform/subgraph/attendance.ts'
import type { PresenceBoard } from './presence-board.ts'

/** Puts signed-in callers on the board: every request is something they did, every stream keeps them here. */
export function presenceAttendance(board: PresenceBoard): Attendance {
  return {
    requested: ({ viewer }) => {
      if (viewer) board.touch(viewer.userId)
    },
    opened: ({ viewer }) => (viewer ? board.open(viewer.userId) : () => undefined),
  }
}
