// The load tool: a process of its own, that does the jobs it is sent, one at a time, and ends with the process that sends them.
import type { Job } from './job.ts'
import { run } from './run.ts'

process.on('SIGINT', () => undefined) // Ctrl-C reaches us as well; our end comes from above
process.on('disconnect', () => process.exit())
process.on('message', (job: Job) => {
  run(job).then(
    (outcome) => process.send!({ outcome }),
    (error: Error) => process.send!({ problem: error.message }),
  )
})
