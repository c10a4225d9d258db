import { z } from 'zod';

/** Schemas of one document by name; requests as they are sent, answers as they come. */
export interface NamedSchemas {
  readonly requests: Readonly<Record<string, z.ZodType>>;
  readonly answers: Readonly<Record<string, z.ZodType>>;
}

/** One operation of an OpenAPI document, as far as it is written here. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: object;
}
export interface Response {
  readonly description: string;
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, object>>;
}
type Content = Readonly<Record<string, { readonly schema: object }>>;

/** OpenAPI 3.1. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

/** The smallest picture that is one: documents show it, and programs that read them send it. */
export const EXAMPLE_IMAGE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQI12M44KAAAALkASFQBteXAAAAAElFTkSuQmCC';

export const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });

/** @returns an answer of JSON, by the name of its schema */
export const json = (description: string, name: string): Response => ({
  description,
  content: { 'application/json': { schema: ref(name) } },
});

/** @returns an answer of another media type */
export const text = (description: string, type: string): Response => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
});

/** @returns a refusal that says when to come again */
export const retryLater = (description: string, name: string): Response => ({
  ...json(description, name),
  headers: {
    'Retry-After': {
      description: 'Seconds to wait before the next try.',
      schema: { type: 'integer', minimum: 1 },
    },
  },
});

/** A form with one image in the field `file`. */
export const imageForm = (others: Readonly<Record<string, object>> = {}): Content => ({
  'multipart/form-data': {
    schema: {
      type: 'object',
      properties: { file: { type: 'string', format: 'binary' }, ...others },
      required: ['file'],
    },
  },
});

/** @returns the component schemas: from the very ones that check requests and type answers */
export function componentSchemas({ requests, answers }: NamedSchemas): Record<string, object> {
  const made = (schemas: NamedSchemas['requests'], io: 'input' | 'output'): [string, object][] =>
    Object.entries(schemas).map(([name, schema]) => [
      name,
      { ...z.toJSONSchema(schema, { io }), $schema: undefined },
    ]);
  return Object.fromEntries([...made(requests, 'input'), ...made(answers, 'output')]);
}
