/** What Prometheus' HTTP API says of one query. */
export interface QueryAnswer {
  readonly isParsed: boolean;
  readonly error: string;
  readonly series: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }[];
}

/** Asks a Prometheus for the value of an expression now. */
export async function promql(prometheusUrl: string, expr: string): Promise<QueryAnswer> {
  const answer = await fetch(`${prometheusUrl}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expr }),
  });
  const body = (await answer.json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data?: { readonly result: QueryAnswer['series'] };
  };
  return {
    isParsed: body.status === 'success',
    error: body.error ?? '',
    series: body.data?.result ?? [],
  };
}
