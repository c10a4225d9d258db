import { peopleOf } from '../fakes/label-studio-people.ts';

interface ListedTask {
  readonly id: number;
  readonly data: { readonly prediction_id: string };
  readonly is_labeled: boolean;
}

/** Every task of the projects whose titles begin so, as Label Studio's API lists them. */
export async function tasksOf(
  { url, token }: { readonly url: string; readonly token: string },
  prefix: string,
): Promise<readonly ListedTask[]> {
  const ask = async (route: string): Promise<unknown> =>
    (await fetch(url + route, { headers: { Authorization: `Token ${token}` } })).json();
  const { results } = (await ask('/api/projects?page_size=100')) as {
    results: { id: number; title: string }[];
  };
  const ours = results.filter(({ title }) => title.startsWith(prefix));
  const pages = await Promise.all(
    ours.map(({ id }) => ask(`/api/tasks?project=${id}&page_size=500&fields=all`)),
  );
  return pages.flatMap((page) => (page as { tasks?: ListedTask[] }).tasks ?? []);
}

/** Answers every open task as somebody would who knows the classes. @returns how many were answered */
export async function labelTasks(
  labelStudio: { readonly url: string; readonly token: string },
  prefix: string,
  classOf: (predictionId: string) => string | undefined,
): Promise<number> {
  const people = peopleOf(labelStudio.url, labelStudio.token);
  let answered = 0;
  for (const { id, data, is_labeled: isDone } of await tasksOf(labelStudio, prefix)) {
    const name = isDone ? undefined : classOf(data.prediction_id);
    if (name === undefined) continue;
    await people.annotate(id, [name]);
    answered += 1;
  }
  return answered;
}
