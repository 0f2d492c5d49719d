/** The camera's live picture, where the page may have it (installed, or from a secure host). */
import { element } from './dom.ts';
import { say } from './language.ts';

export const canPreview = (): boolean =>
  window.isSecureContext && location.protocol !== 'file:' && !!navigator.mediaDevices?.getUserMedia;

/** Opens the preview; `shot` gets the view as a lossless picture. */
export async function openPreview(
  shot: (file: File) => void,
  failed: (why: string) => void,
): Promise<void> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 1920 }, height: { ideal: 1440 } },
      audio: false,
    });
  } catch (error) {
    failed(say('noCamera', (error as Error).message));
    return;
  }
  const video = element('video', { autoplay: true, playsinline: true, muted: true });
  video.muted = true;
  video.srcObject = stream;
  const dialog = element('dialog', { class: 'preview', 'aria-label': say('preview') }, video,
    element('div', { class: 'buttons' },
      element('button', { type: 'button', class: 'big', onclick: () => {
        void frameOf(video).then((file) => {
          dialog.close();
          shot(file);
        });
      } }, say('shutter')),
      element('button', { type: 'button', class: 'big second', onclick: () => dialog.close() }, say('close')),
    ),
  );
  dialog.addEventListener('close', () => {
    stream.getTracks().forEach((track) => track.stop());
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}

async function frameOf(video: HTMLVideoElement): Promise<File> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  return new File([blob ?? new Blob()], `preview-${time}.png`, { type: 'image/png' });
}
