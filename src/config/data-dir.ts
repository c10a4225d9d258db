/** DATA_DIR of an environment that was not parsed yet: where the settings' own secrets are. An empty value is none. */
export function dataDirOf(env: Readonly<Record<string, string | undefined>>): string {
  const asked = env['DATA_DIR'];
  return asked === undefined || asked === '' ? DATA_DIR_DEFAULT : asked;
}

export const DATA_DIR_DEFAULT = 'data';
