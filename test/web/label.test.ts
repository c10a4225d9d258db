import assert from 'node:assert/strict';

import { makeTasks } from './make-tasks.ts';
import { PAGE, startTestWeb, type TestWeb } from './start-test-web.ts';

const PROJECTS = { random: 11, low_confidence: 12, disputed: 13 } as const;

describe('the signpost for annotators', () => {
  let web: TestWeb;
  beforeEach(async () => {
    web = await startTestWeb();
  });
  afterEach(() => web.stop());

  const page = async (): Promise<string> => (await web.get('/label', PAGE)).text();
  const next = async (): Promise<string | null> => {
    const answer = await web.get('/label/next', PAGE);
    assert.equal(answer.status, 303);
    return answer.headers.get('location');
  };
  async function makeProjects(): Promise<void> {
    const fence = (await web.store.acquireLease('sync', 'test', web.time.now, 60_000))!;
    for (const [kind, id] of Object.entries(PROJECTS))
      await web.store.setProjectId(kind as keyof typeof PROJECTS, id, fence);
  }
  const labelling = (id: number): string => `http://localhost:8080/projects/${id}/data?labeling=1`;

  it('says that nothing is there before the projects are made', async () => {
    await makeTasks(web, 'random', 1);
    assert.match(await page(), /projects in Label Studio are made by the first run/);
    assert.equal(await next(), '/label');
  });

  it('leads to the random sample as long as something waits there, and says how many are left', async () => {
    await makeProjects();
    await makeTasks(web, 'low_confidence', 3);
    await makeTasks(web, 'random', 2);
    const html = await page();
    assert.match(html, /5 photos are left to label\. Random Sample needs labels most/);
    assert.match(html, /href="\/label\/next">Label 2 in Random Sample/);
    assert.equal(await next(), labelling(PROJECTS.random));
  });

  it('leads to where most waits once the random sample is done', async () => {
    await makeProjects();
    await makeTasks(web, 'low_confidence', 1);
    await makeTasks(web, 'disputed', 2);
    assert.match(await page(), /3 photos are left to label\. Disputed needs/);
    assert.equal(await next(), labelling(PROJECTS.disputed));
  });

  it('says when nothing is left, and leads nowhere then', async () => {
    await makeProjects();
    assert.match(await page(), /Nothing is left to label just now/);
    assert.equal(await next(), '/label');
  });
});
