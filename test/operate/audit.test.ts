import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';
import { describeAudit } from './audit.ts';

let fake: FakeLabelStudio | null = null;
after(() => fake?.close());

describeAudit('the fake of Label Studio', async () => (fake = await startFakeLabelStudio()));
