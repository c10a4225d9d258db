const REPLACED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => REPLACED[c] ?? c);

const ROUTES: readonly (readonly [route: string, says: string])[] = [
  ['POST /predict', 'Classify an image.'],
  ['POST /canary/predict', 'The same by the shadow model, for somebody who waits.'],
  [
    'POST /shadow/predict?served_by=VERSION',
    'The same by the model that did not answer; refused unless there is time.',
  ],
  ['GET /models', 'Which models are here, and which of them serves.'],
  ['PUT /models/serving', 'Let a model serve (with the ops key; npm run promote does it).'],
  ['GET /openapi.json', 'This API as OpenAPI 3.1, for programs.'],
  ['GET /livez', 'Is the process alive?'],
  ['GET /readyz', 'Is the model loaded, and is the service taking requests?'],
  ['GET /metrics', 'Metrics for Prometheus.'],
];

const STATUSES: readonly (readonly [status: string, says: string])[] = [
  ['200', 'The prediction.'],
  ['400', 'The base64 or the form is broken, or the image is damaged.'],
  ['404', 'There is no shadow model here (/canary/predict, /shadow/predict).'],
  ['413', 'Too many bytes or pixels.'],
  ['415', 'Neither JPEG, PNG nor WebP, or a kind of body that is not taken.'],
  ['422', 'No JSON, or no image in it.'],
  ['429', 'One client asks too often; Retry-After says when to come back.'],
  ['503', 'More work than can be taken just now; Retry-After says when to come back.'],
];

const rows = (pairs: readonly (readonly [string, string])[]): string =>
  pairs
    .map(([a, b]) => `<tr><th scope="row"><code>${escape(a)}</code></th><td>${escape(b)}</td></tr>`)
    .join('\n');

/**
 * The page for people who write a client.
 * @param model what answers here
 * @param origin as the reader's browser reached this server, for the examples
 */
export function docsPage(
  model: {
    readonly name: string;
    readonly version: string;
    readonly classes: readonly string[];
  },
  origin: string,
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Truthloop classifier: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/docs.css">
<script src="/docs/docs.js" defer></script>
</head>
<body>
<main>
<h1>Classifier API</h1>
<p>Model <strong>${escape(model.name)}</strong>, version <code>${escape(model.version)}</code>. Its classes:
${model.classes.map((name) => `<span class="class">${escape(name)}</span>`).join(' ')}</p>
<h2>Try it</h2>
<form id="try">
<label for="file">A JPEG, PNG or WebP image</label>
<input id="file" name="file" type="file" accept="image/jpeg,image/png,image/webp" required>
<button type="submit">Classify</button>
</form>
<pre id="answer" role="status" tabindex="0" hidden></pre>
<h2>Ask it</h2>
<pre tabindex="0">curl -F file=@photo.jpg ${escape(origin)}/predict

printf '{"image": "%s"}' "$(base64 &lt; photo.jpg | tr -d '\\n')" |
  curl -H 'Content-Type: application/json' --data-binary @- ${escape(origin)}/predict

curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg ${escape(origin)}/predict</pre>
<p>The answer:</p>
<pre tabindex="0">${escape(JSON.stringify(exampleAnswer(model), null, 2))}</pre>
<h2>What it answers</h2>
<table>
<tbody>
${rows(STATUSES)}
</tbody>
</table>
<p>A refusal carries its reason as <code>detail</code>: one sentence, or for 422 a list of what is wrong and where.</p>
<h2>Routes</h2>
<table>
<tbody>
${rows(ROUTES)}
</tbody>
</table>
</main>
</body>
</html>
`;
}

function exampleAnswer(model: {
  readonly version: string;
  readonly classes: readonly string[];
}): object {
  const rest = 0.28 / Math.max(1, model.classes.length - 1);
  const probabilities = model.classes.map((name, index) => [
    name,
    index === 0 ? 0.72 : Number(rest.toFixed(3)),
  ]);
  return {
    prediction: model.classes[0],
    probability: 0.72,
    probabilities: Object.fromEntries(probabilities) as object,
    model_version: model.version,
  };
}

export const DOCS_STYLE = `:root {
  color-scheme: light dark;
  --soft: #d8dcd9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --soft: #3a4340;
  }
}
body {
  margin: 0;
  font: 1rem/1.55 system-ui, sans-serif;
}
main {
  max-width: 48rem;
  margin: 0 auto;
  padding: 1.5rem 1rem 4rem;
}
pre {
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  padding: 0.75rem 1rem;
  border: 1px solid var(--soft);
  border-radius: 6px;
}
table {
  border-collapse: collapse;
  width: 100%;
}
th,
td {
  text-align: left;
  vertical-align: top;
  padding: 0.35rem 0.75rem 0.35rem 0;
  border-bottom: 1px solid var(--soft);
}
form {
  display: flex;
  flex-wrap: wrap;
  gap: 0.75rem;
  align-items: center;
}
input,
button,
::file-selector-button {
  font: inherit;
  min-height: 2.75rem;
  max-width: 100%;
}
button,
::file-selector-button {
  padding: 0 1rem;
}
input {
  field-sizing: content;
}
.class {
  display: inline-block;
  padding: 0 0.5rem;
  border: 1px solid var(--soft);
  border-radius: 999px;
}
`;

export const DOCS_SCRIPT = `const form = document.getElementById('try');
const answer = document.getElementById('answer');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  answer.hidden = false;
  answer.textContent = 'Asking ...';
  try {
    const response = await fetch('/predict', { method: 'POST', body: new FormData(form) });
    answer.textContent = response.status + '\\n' + JSON.stringify(await response.json(), null, 2);
  } catch {
    answer.textContent = 'The service did not answer.';
  }
});
`;
