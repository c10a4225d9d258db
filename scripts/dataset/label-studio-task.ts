import type { ManifestRow } from './manifest.ts';

/**
 * A row as a task that Label Studio imports. A verified label comes as an annotation, an unverified one as a prediction that
 * somebody still has to accept.
 * @param folderName of the dataset, below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT
 * @see labelstud.io/guide/tasks (import format), labelstud.io/guide/storage (local files)
 */
export function labelStudioTask(row: ManifestRow, folderName: string): object {
  const result = choice(row.class);
  const own = {
    model_version: row.model_version,
    score: row.confidence,
    result: choice(row.predicted_class),
  };
  const unverified = { model_version: row.label_source, result };
  return {
    data: {
      image: row.file === null ? null : `/data/local-files/?d=${folderName}/${row.file}`,
      prediction_id: row.prediction_id,
    },
    annotations: row.true_class === null ? [] : [{ result }],
    predictions: row.true_class === null ? [unverified, own] : [own],
  };
}

/** The names of label-studio/label-config.xml. */
const choice = (className: string): object[] => [
  { from_name: 'label', to_name: 'image', type: 'choices', value: { choices: [className] } },
];
