/** Makes the upload form nicer where a script may run: drop, preview, shrinking, progress, history. */
const SIDE_MAX = 2048;
const SHRINK_FROM_BYTES = 1_500_000;
const HISTORY_KEY = 'truthloop-history';

const byId = (id) => document.getElementById(id);
const form = byId('upload');
const fileInput = byId('file');
const camera = byId('camera');
const drop = byId('drop');
const problem = byId('problem');
let previewUrl = null;
let chosen = null;

function complain(message) {
  problem.textContent = message;
  problem.hidden = message === '';
  if (message === '') {
    fileInput.removeAttribute('aria-invalid');
    fileInput.removeAttribute('aria-describedby');
  } else {
    fileInput.setAttribute('aria-invalid', 'true');
    fileInput.setAttribute('aria-describedby', 'problem');
  }
}

function choose(file) {
  chosen = file;
  fileInput.required = false;
  complain('');
  if (previewUrl !== null) URL.revokeObjectURL(previewUrl);
  previewUrl = URL.createObjectURL(file);
  const preview = byId('preview');
  preview.src = previewUrl;
  preview.hidden = false;
  preview.onerror = () => {
    preview.hidden = true;
    complain('This can’t be shown as a picture. Choose a JPEG, PNG or WebP photo.');
  };
}

/** A photo of a phone is much larger than any model looks at; what can’t be shrunk here is sent as it is. */
async function shrink(file) {
  if (file.size < SHRINK_FROM_BYTES || !('createImageBitmap' in window)) return file;
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, SIDE_MAX / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.9));
    return blob !== null && blob.size < file.size ? blob : file;
  } catch {
    return file;
  }
}

function travel(body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('Accept', 'application/json');
    request.responseType = 'json';
    request.timeout = 60_000;
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) byId('progress').value = (event.loaded / event.total) * 100;
    };
    request.upload.onload = () => {
      byId('status').textContent = 'Looking at it …';
      byId('progress').removeAttribute('value');
    };
    request.onload = () => {
      if (request.status === 200) resolve(request.response);
      else
        reject(
          new Error(request.response?.error?.message ?? `The server answered ${request.status}.`),
        );
    };
    request.onerror = () =>
      reject(new Error('The server can’t be reached. Check your connection and try again.'));
    request.ontimeout = () =>
      reject(new Error('That took too long. Check your connection and try again.'));
    request.send(body);
  });
}

async function send() {
  byId('send').disabled = true;
  byId('travel').hidden = false;
  byId('progress').value = 0;
  byId('status').textContent = 'Sending …';
  try {
    const body = new FormData(form);
    body.set('file', await shrink(chosen), 'photo');
    const answer = await travel(body);
    location.assign(`/answers/${encodeURIComponent(answer.id)}`);
  } catch (error) {
    complain(error.message);
    byId('travel').hidden = true;
    byId('send').disabled = false;
    fileInput.focus();
  }
}

function showHistory() {
  let entries = [];
  try {
    entries = JSON.parse(sessionStorage.getItem(HISTORY_KEY) ?? '[]');
  } catch {
    return;
  }
  if (!Array.isArray(entries) || entries.length === 0) return;
  for (const { id, image, name } of entries) {
    const link = document.createElement('a');
    link.href = `/answers/${encodeURIComponent(id)}`;
    const picture = document.createElement('img');
    picture.src = image;
    picture.alt = '';
    const words = document.createElement('span');
    words.textContent = name;
    link.append(picture, words);
    const item = document.createElement('li');
    item.append(link);
    byId('history-list').append(item);
  }
  byId('history').hidden = false;
}

// What is wrong is said beside the field, in words of the page.
form.noValidate = true;
byId('drop-hint').hidden = false;
if (matchMedia('(pointer: coarse)').matches) {
  camera.hidden = false;
  byId('camera-label').hidden = false;
}
for (const input of [fileInput, camera])
  input.addEventListener('change', () => {
    if (input.files.length > 0) choose(input.files[0]);
  });
for (const type of ['dragenter', 'dragover'])
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
for (const type of ['dragleave', 'drop'])
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.remove('over');
  });
drop.addEventListener('drop', (event) => {
  const file = event.dataTransfer.files[0];
  if (file !== undefined) choose(file);
});
addEventListener('paste', (event) => {
  const file = event.clipboardData?.files[0];
  if (file !== undefined) choose(file);
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (chosen === null) complain('Choose a photo first.');
  else send();
});
// Coming back by the browser's back button finds the form as it was left.
addEventListener('pageshow', () => {
  byId('send').disabled = false;
  byId('travel').hidden = true;
});
showHistory();
