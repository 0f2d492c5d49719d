/** What is to be known of a photo's pixels: records keep it in English, users read it in theirs. */
import { type Word, say } from './language.ts';

const KNOWN: readonly [beginning: RegExp, word: Word, doubtful: boolean][] = [
  [/^first of (\d+) frames/, 'note_frames', false],
  [/^decoded by the browser/, 'note_browser', false],
  [/^the file lacks its end/, 'note_end', false],
  [/^colour profile ignored/, 'note_profile', true],
  [/^HDR photo \((\w+)\)/, 'note_hdr', true],
  [/^unknown colours/, 'note_colours', true],
  [/^transparent 16-bit colour ignored/, 'note_transparent', true],
];

/** The note in the user's language, and whether the answer may rest on wrong colours. */
export function shownNote(note: string): { text: string; doubtful: boolean } {
  for (const [beginning, word, doubtful] of KNOWN) {
    const found = beginning.exec(note);
    if (found) return { text: say(word, found[1] ?? ''), doubtful };
  }
  return { text: note, doubtful: false };
}
