import type { Notice } from '../../domain/notice.ts';
import type { NoticeStore } from '../../ports/store/notice-store.ts';
import type { Connection } from './connection.ts';
import { transact } from './transaction.ts';

export const noticeStore = (connection: Connection): NoticeStore => ({
  notices: async () =>
    [...(await connection.fields(connection.key('notices'))).values()]
      .map((body) => JSON.parse(body) as Notice)
      .sort((a, b) => a.madeAt - b.madeAt || (a.id < b.id ? -1 : 1)),
  saveNotice: (notice, fence) =>
    transact(connection, fence, (transaction) => {
      transaction.command('HSET', connection.key('notices'), notice.id, JSON.stringify(notice));
      return Promise.resolve();
    }),
});
