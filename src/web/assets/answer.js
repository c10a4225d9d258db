/** Remembers, for this visit and in this browser only, what was asked. */
const HISTORY_KEY = 'truthloop-history';
const HISTORY_MAX = 8;

const answer = document.getElementById('answer');
const photo = document.getElementById('photo');
const entry = {
  id: answer.dataset.id,
  image: photo.getAttribute('src'),
  name: answer.dataset.class,
};
try {
  const earlier = JSON.parse(sessionStorage.getItem(HISTORY_KEY) ?? '[]');
  const others = earlier.filter(({ id }) => id !== entry.id);
  sessionStorage.setItem(HISTORY_KEY, JSON.stringify([entry, ...others].slice(0, HISTORY_MAX)));
} catch {
  // A browser that keeps nothing has no history to show: the page works without.
}
