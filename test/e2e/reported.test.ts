import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';
import { describeReportedLoop } from './reported-loop.ts';

let fake: FakeLabelStudio | null = null;

describeReportedLoop('the fake Label Studio', async () => (fake = await startFakeLabelStudio()));

after(() => fake?.close());
