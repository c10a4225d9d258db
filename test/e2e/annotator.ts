/** One person who joined Label Studio by its invite link and answers tasks through its API. */
export interface Annotator {
  readonly email: string;
  /** Submits an answer; null result means a skip. @returns the annotation's id */
  annotate(taskId: number, choices: readonly string[] | null): Promise<number>;
  edit(annotationId: number, choices: readonly string[]): Promise<void>;
  remove(annotationId: number): Promise<void>;
}

/** What Label Studio's label configuration calls its parts; the export repeats them. */
export const choiceResult = (choices: readonly string[]): object[] => [
  { from_name: 'label', to_name: 'image', type: 'choices', value: { choices } },
];

/**
 * Makes an account through the invite page, as a person does, and takes its token from the session.
 * @param labelStudioUrl address without a trailing slash
 * @param ownerToken legacy token of the owner, who may read the invite link
 */
export async function joinAsAnnotator(
  labelStudioUrl: string,
  ownerToken: string,
  email: string,
): Promise<Annotator> {
  const invite = await json(
    await fetch(`${labelStudioUrl}/api/invite`, {
      headers: { Authorization: `Token ${ownerToken}` },
    }),
  );
  const signUp = `${labelStudioUrl}${String(invite['invite_url'])}`;
  const cookies = cookiesOf(await fetch(signUp));
  const form = new URLSearchParams({
    csrfmiddlewaretoken: cookies.get('csrftoken') ?? '',
    email,
    password: 'a-password-for-this-test-only',
  });
  const joined = await fetch(signUp, {
    method: 'POST',
    body: form,
    redirect: 'manual',
    headers: { Cookie: cookieHeader(cookies), Referer: signUp },
  });
  if (joined.status !== 302) throw new Error(`signing up ${email} answered ${joined.status}`);
  const session = new Map([...cookies, ...cookiesOf(joined)]);
  const { token } = await json(
    await fetch(`${labelStudioUrl}/api/current-user/token`, {
      headers: { Cookie: cookieHeader(session) },
    }),
  );
  return annotatorWithToken(labelStudioUrl, email, String(token));
}

function annotatorWithToken(url: string, email: string, token: string): Annotator {
  const call = async (method: string, path: string, body?: object): Promise<Response> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  return {
    email,
    async annotate(taskId, choices) {
      const body =
        choices === null
          ? { result: [], was_cancelled: true, lead_time: 1 }
          : { result: choiceResult(choices), lead_time: 1 };
      const created = await json(await call('POST', `/api/tasks/${taskId}/annotations/`, body));
      return Number(created['id']);
    },
    async edit(annotationId, choices) {
      await call('PATCH', `/api/annotations/${annotationId}/`, { result: choiceResult(choices) });
    },
    async remove(annotationId) {
      await call('DELETE', `/api/annotations/${annotationId}/`);
    },
  };
}

async function json(response: Response): Promise<Record<string, unknown>> {
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

function cookiesOf(response: Response): Map<string, string> {
  const pairs = response.headers.getSetCookie().map((cookie) => {
    const [name = '', ...value] = (cookie.split(';')[0] ?? '').split('=');
    return [name, value.join('=')] as const;
  });
  return new Map(pairs);
}

const cookieHeader = (cookies: ReadonlyMap<string, string>): string =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
