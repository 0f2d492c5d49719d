/** Making elements; text is always set as text, never as HTML. */
type Child = Node | string | null | undefined;
type Properties = Record<string, string | boolean | ((event: Event) => void) | undefined>;

/** `element('button', { class: 'big', onclick: go }, 'Go')`. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (typeof value === 'string') made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
