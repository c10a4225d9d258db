import { askRole } from './ask-role.ts';
import { type Command, readArgs, readConfig, UsageWrong } from './command.ts';

interface Listed {
  readonly keys: readonly { readonly name: string; readonly made_at: string }[];
}

export const keys: Command = {
  help: `npm run --silent keys -- make NAME [--url http://127.0.0.1:5000]
npm run keys -- list | revoke NAME

Each service that reports predictions (POST /api/predictions) gets a key of its own, so that one can be revoked without the
others; its ids (external_id) are its own as well. INGEST_KEY goes on working beside them. The service must be running.

  make NAME     makes a key and prints it: it is shown this once
  list          names of the services that have one
  revoke NAME   its reports are refused from now on (within 2 seconds in every process)
  --url URL     of the web role (default: WEB_PORT on this machine)
`,
  async run(args, around) {
    const { values, positionals } = readArgs(args, { url: { type: 'string' } });
    const [action, name = '', ...rest] = positionals;
    const isUsable = action === 'list' ? name === '' : name !== '';
    if (!isUsable || rest.length > 0 || !['make', 'list', 'revoke'].includes(action ?? ''))
      throw new UsageWrong('Expected make NAME, list, or revoke NAME.');
    const config = readConfig(around);
    const web = askRole('web', values.url ?? `http://127.0.0.1:${config.WEB_PORT}`, config.OPS_KEY);
    if (action === 'list') {
      const { keys: listed } = (await web.get('/api/keys')) as Listed;
      around.print(
        listed.length === 0
          ? 'No service has a key of its own. Make one: npm run keys -- make NAME'
          : listed.map((key) => `${key.name}  made ${key.made_at}`).join('\n'),
      );
    } else if (action === 'make') {
      const { key } = (await web.post('/api/keys', { name })) as { readonly key: string };
      around.say(`The key of ${name}; it is not shown again:`);
      around.print(key);
    } else {
      await web.delete(`/api/keys/${encodeURIComponent(name)}`);
      around.print(`The key of ${name} is revoked.`);
    }
  },
};
