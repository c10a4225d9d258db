import { readFileSync } from 'node:fs';
import path from 'node:path';

import { z } from 'zod';

import { ConfigInvalid } from '../../domain/errors.ts';
import { PROJECT_KINDS, type ProjectKind } from '../../domain/selection.ts';
import type { ProjectSpec } from '../../ports/labeling-tool.ts';
import { fillInstruction, type ShownExample } from './instruction.ts';
import { fillLabelConfig } from './label-config.ts';

/** What the folder `label-studio/` holds, read once. */
export interface ProjectFiles {
  readonly labelConfig: string;
  readonly revealedPrediction: string;
  readonly instruction: string;
  readonly projects: Readonly<Record<ProjectKind, ProjectText>>;
  /** The only project of an audit: everything that it selects falls into the random one. */
  readonly audit: ProjectText;
}

interface ProjectText {
  readonly title: string;
  readonly purpose: string;
  readonly order: string;
}

export interface ProjectSettings {
  /** First word of the titles (PROJECT_PREFIX). */
  readonly prefix: string;
  /** Tells this installation's projects from another's in the same Label Studio; no secret. */
  readonly deployment: string;
  readonly annotatorsPerTask: number;
  /** REVEAL_PREDICTION=hard: the two hard projects show the model's answer. */
  readonly isRevealed: boolean;
  /** Pictures for the instructions. */
  readonly examples: readonly ShownExample[];
  readonly isAudit: boolean;
}

const text = z.string().min(1);
const projectSchema = z.object({ title: text.max(14), purpose: text, order: text });
const projectsSchema = z.record(z.enum(PROJECT_KINDS), projectSchema);

/**
 * @param folder where the files are (`label-studio/` of the repository)
 * @throws ConfigInvalid naming the file and what is wrong with it
 */
export function readProjectFiles(folder: string): ProjectFiles {
  const read = (name: string): string => {
    try {
      return readFileSync(path.join(folder, name), 'utf8');
    } catch (error) {
      throw new ConfigInvalid(
        `${name} can't be read from ${folder}; it belongs to the program: restore the folder.`,
        { cause: error },
      );
    }
  };
  const labelConfig = read('label-config.xml');
  for (const needed of ['name="image"', '$image', 'name="label"', '{{choices}}', '{{revealed}}'])
    if (!labelConfig.includes(needed))
      throw new ConfigInvalid(
        `label-config.xml in ${folder} lacks ${needed}; see the README beside it.`,
      );
  return {
    labelConfig,
    revealedPrediction: read('revealed-prediction.xml'),
    instruction: read('instruction.html'),
    projects: parseText(folder, 'projects.json', read('projects.json'), projectsSchema),
    audit: parseText(folder, 'audit.json', read('audit.json'), projectSchema),
  };
}

function parseText<Text>(
  folder: string,
  name: string,
  json: string,
  schema: z.ZodType<Text>,
): Text {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    body = undefined;
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ConfigInvalid(`${name} in ${folder} can't be used: ${z.prettifyError(parsed.error)}`);
}

/**
 * What the project of a kind should look like.
 * @param classes the model's classes, those of older versions with open tasks included
 */
export function projectSpec(
  files: ProjectFiles,
  settings: ProjectSettings,
  kind: ProjectKind,
  classes: readonly string[],
): ProjectSpec {
  const { title, purpose, order } = settings.isAudit ? files.audit : files.projects[kind];
  const marker = `[truthloop ${settings.deployment} ${kind}]`;
  // A random-sample task never shows what the model said: its labels carry the accuracy.
  const isRevealed = settings.isRevealed && kind !== 'random';
  return {
    marker,
    title: `${settings.prefix} ${title}`,
    description: `${purpose} ${order} ${marker}`,
    labelConfig: fillLabelConfig(
      files.labelConfig,
      classes,
      isRevealed ? files.revealedPrediction : '',
    ),
    instruction: fillInstruction(files.instruction, purpose, settings.examples),
    annotatorsPerTask: settings.annotatorsPerTask,
  };
}
