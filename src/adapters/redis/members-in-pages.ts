import type { Connection } from './connection.ts';

const PAGE = 500;

/** Members by score, without holding them all; those that share the score at which a page ends come once. */
export async function* membersInPages(
  connection: Connection,
  key: string,
  from: number,
  below = Infinity,
): AsyncGenerator<readonly string[]> {
  const end = below === Infinity ? '+inf' : `(${below}`;
  let [score, atScore] = [from, new Set<string>()];
  for (;;) {
    const flat = (await connection.call(
      'ZRANGEBYSCORE',
      ...[key, score, end, 'WITHSCORES', 'LIMIT', 0, PAGE + atScore.size],
    )) as string[];
    const pairs = flat.flatMap((member, index) =>
      index % 2 === 0 ? [{ member, score: Number(flat[index + 1]) }] : [],
    );
    const fresh = pairs.filter(({ member }) => !atScore.has(member));
    const last = fresh.at(-1)?.score;
    if (last === undefined) return;
    yield fresh.map(({ member }) => member);
    if (last !== score) atScore = new Set();
    score = last;
    for (const pair of fresh) if (pair.score === last) atScore.add(pair.member);
  }
}
