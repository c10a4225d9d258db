import type { Notice } from '../../domain/notice.ts';
import type { NoticeStore } from '../../ports/store/notice-store.ts';
import type { Database } from './database.ts';
import { fenced } from './fence.ts';

export const noticeStore = (db: Database): NoticeStore => ({
  notices: () =>
    db.read(() =>
      db
        .all<{ body: string }>('SELECT body FROM notices ORDER BY number')
        .map(({ body }) => JSON.parse(body) as Notice),
    ),
  saveNotice: (notice, fence) =>
    fenced(db, fence, () => {
      db.run(
        'INSERT INTO notices (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body',
        ...[notice.id, JSON.stringify(notice)],
      );
    }),
});
