import { describeLabelingTool } from '../../contract/labeling-tool.contract.ts';
import { type FakeLabelStudio, startFakeLabelStudio } from '../../fakes/label-studio.ts';

let fake: FakeLabelStudio | null = null;

describeLabelingTool('the fake Label Studio', async () => (fake = await startFakeLabelStudio()));

after(() => fake?.close());
