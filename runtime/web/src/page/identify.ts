/** Which camera took a photo: EXIF says, else its name; the twin of `edgetlc.devices.identify`. */
import type { CameraInfo } from '../format.ts';
import type { CameraTags } from '../pixels/exif.ts';

export interface Identification {
  camera: CameraInfo | null;
  by: 'exif' | 'name' | null;
  conflict: string | null;
  simulated: boolean;
}

interface Claim {
  source: 'exif' | 'name';
  cameras: CameraInfo[];
  text: string;
}

const STANDARD = /^\d{16,17}-((?:199\d|20\d\d)\d{3})-([1-9]|1[0-4]|D|[A-Z]{2})-\d{3}$/;

export function identify(file: string, tags: CameraTags, cameras: CameraInfo[]): Identification {
  const claims: Claim[] = [];
  if (tags.model !== null) {
    const { make, model } = tags;
    const fits = cameras.filter((c) => c.exif.some((p) => fitsBoth(p, make, model)));
    const written = make === null ? model : `${make} / ${model}`;
    claims.push({ source: 'exif', cameras: fits, text: `EXIF says ${written} (${listed(fits)})` });
  }
  const device = STANDARD.exec(stem(file))?.[2];
  const micrograph = device !== undefined && device.length === 2 && /[A-Z]/.test(device);
  if (device !== undefined && !micrograph) {
    const fits = cameras.filter((c) => c.number === device);
    claims.push({
      source: 'name',
      cameras: fits,
      text: `the file name says device ${device} (${listed(fits)})`,
    });
  }
  const [first, ...others] = claims;
  const camera = first?.cameras.length === 1 ? first.cameras[0]! : null;
  return {
    camera,
    by: camera && first ? first.source : null,
    conflict: contradiction(first, others) ?? wrongKind(micrograph, camera),
    simulated: (tags.software ?? '').startsWith('edgetlc'),
  };
}

const stem = (file: string): string => file.split('/').at(-1)!.replace(/(?<=.)\.[^.]*$/, '');
const ids = (cameras: readonly CameraInfo[]): string => cameras.map((c) => c.id).join(' or ');
const listed = (cameras: readonly CameraInfo[]): string => ids(cameras) || 'no known camera';

function contradiction(first: Claim | undefined, others: readonly Claim[]): string | null {
  if (!first) return null;
  const against = others.filter((claim) => ids(claim.cameras) !== ids(first.cameras));
  if (against.length) return `${first.text}, but ${against.map((c) => c.text).join(' and ')}`;
  return first.cameras.length > 1 ? first.text : null;
}

function wrongKind(micrograph: boolean, camera: CameraInfo | null): string | null {
  if (!micrograph || !camera || camera.kind === 'microscope') return null;
  return `the file name is a micrograph's, but ${camera.id} is no microscope`;
}

function fitsBoth(
  pattern: { make: string; model: string },
  make: string | null,
  model: string,
): boolean {
  return (make === null || fits(make, pattern.make)) && fits(model, pattern.model);
}

/** Whether a text fits a pattern of `*`, `?` and `[…]`, in any case. */
function fits(text: string, pattern: string): boolean {
  const source = pattern.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (part, not, set) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    return part.replace(/[.+^${}()|\\/[\]]/, '\\$&');
  });
  return new RegExp(`^${source}$`, 'iu').test(text);
}
