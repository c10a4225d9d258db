import { describeLabelingTool } from '../../contract/labeling-tool.contract.ts';
import { personalTokenOf } from '../../fakes/label-studio-people.ts';
import { sharedLabelStudio } from '../../servers/shared-label-studio.ts';

describeLabelingTool('Label Studio', async () => {
  const { url, token } = await sharedLabelStudio();
  return { url, token, personalToken: await personalTokenOf(url, token) };
});
