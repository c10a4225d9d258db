import { type Annotator, joinAsAnnotator } from '../e2e/annotator.ts';
import { type LabelStudioAt, patiently, type Place, tasksIn } from './audit.ts';
import type { Chance } from './chance.ts';
import { CLASSES } from './installation.ts';

const joined = new Map<string, Promise<readonly [Annotator, Annotator]>>();

/** Two people who joined by the invite link, the same for all scenarios of a Label Studio. */
export function twoAnnotators(
  at: LabelStudioAt,
): Promise<readonly [first: Annotator, second: Annotator]> {
  const people = joined.get(at.url) ?? join(at);
  joined.set(at.url, people);
  return people;
}

/** One after the other: two who sign up at once are more than Label Studio takes. */
async function join({ url, token }: LabelStudioAt): Promise<readonly [Annotator, Annotator]> {
  const first = await joinAsAnnotator(url, token, 'first@faults.example.com');
  return [first, await joinAsAnnotator(url, token, 'second@faults.example.com')];
}

/**
 * Somebody labels some of the tasks that wait: with a class, sometimes a skip; and sometimes changes their mind about an
 * older answer, or takes it back.
 * @returns answers that were given
 */
export async function labelSome(place: Place, chance: Chance, count: number): Promise<number> {
  const people = await twoAnnotators(place.labelStudio);
  const tasks = await tasksIn(place);
  const open = tasks.filter(({ annotations }) => annotations.length === 0);
  const answer = (): string[] | null => (chance.draw() < 0.1 ? null : [chance.pick(CLASSES)]);
  for (const { id } of open.slice(0, count)) {
    const [person, said] = [chance.pick(people), answer()];
    await patiently(() => person.annotate(id, said));
  }
  const answered = tasks.filter(({ annotations }) => annotations.length > 0);
  if (answered.length > 3) {
    const [changed] = chance.pick(answered).annotations;
    if (changed !== undefined && !changed.was_cancelled)
      await patiently(() => people[0].edit(changed.id, [chance.pick(CLASSES)]));
  }
  if (answered.length > 10 && chance.draw() < 0.3) {
    const [removed] = chance.pick(answered).annotations;
    if (removed !== undefined) await patiently(() => people[0].remove(removed.id));
  }
  return Math.min(count, open.length);
}
