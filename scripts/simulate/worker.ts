import { doJob, type Job } from './job.ts';

// One child process per core: a job comes in, its tallies go out.
process.on('message', (job: Job) => {
  process.send?.(doJob(job));
});
process.on('disconnect', () => {
  process.exit(0);
});
