/** Keeps the whole app on the phone: after the first visit the host may be gone for ever. */
const VERSION = '@VERSION@';
const FILES = @FILES@;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) => cache.addAll(FILES.map((name) => new Request(name, { cache: 'reload' }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((n) => n !== VERSION).map((n) => caches.delete(n))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const asked = event.request.mode === 'navigate' ? './' : event.request;
  event.respondWith(
    caches.open(VERSION).then((cache) => cache.match(asked)).then((kept) => kept ?? fetch(event.request)),
  );
});
