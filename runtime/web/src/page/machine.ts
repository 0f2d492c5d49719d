/** What this device is, as far as a report needs it; no serial number, address or name. */
export interface Machine {
  system: string;
  architecture: string;
  processor: string;
  cores: number;
  python: string;
}

interface UserAgentData {
  getHighEntropyValues(hints: string[]): Promise<Record<string, string | undefined>>;
}

export async function thisMachine(): Promise<Machine> {
  const hints = await highEntropy();
  const platform = hints['platform'] ?? platformOf(navigator.userAgent);
  const system = [`${platform} ${hints['platformVersion'] ?? ''}`.trim(), browser()].join(', ');
  return {
    system,
    architecture: [hints['architecture'], hints['bitness']].filter(Boolean).join(' ') || 'unknown',
    processor: hints['model'] || modelOf(navigator.userAgent),
    cores: navigator.hardwareConcurrency || 1,
    python: '',
  };
}

export const describe = (machine: Machine): string =>
  [machine.processor || machine.architecture, `${machine.cores} cores`, machine.system].join(', ');

async function highEntropy(): Promise<Record<string, string | undefined>> {
  const data = (navigator as Navigator & { userAgentData?: UserAgentData }).userAgentData;
  const wanted = ['platform', 'platformVersion', 'architecture', 'bitness', 'model'];
  return (await data?.getHighEntropyValues(wanted).catch(() => undefined)) ?? {};
}

export const isIos = (): boolean =>
  /iPhone|iPad|iPod/.test(navigator.userAgent) ||
  (navigator.userAgent.includes('Macintosh') && navigator.maxTouchPoints > 1);

function platformOf(agent: string): string {
  if (isIos()) return `iOS ${/OS (\d+[_\d]*)/.exec(agent)?.[1]?.replaceAll('_', '.') ?? ''}`.trim();
  return /Android [\d.]+|Windows NT [\d.]+|Mac OS X [\d_.]+|Linux/.exec(agent)?.[0] ?? 'unknown';
}

const modelOf = (agent: string): string =>
  /iPhone|iPad/.exec(agent)?.[0] ?? /Android [\d.]+; ([^;)]+)/.exec(agent)?.[1] ?? '';

function browser(): string {
  const known = /(MicroMessenger|EdgA?|SamsungBrowser|MiuiBrowser|HuaweiBrowser|UCBrowser|CriOS|Firefox|Chrome|Version)\/([\d.]+)/;
  const [, name = 'browser', version = ''] = known.exec(navigator.userAgent) ?? [];
  return `${name === 'Version' ? 'Safari' : name} ${version}`.trim();
}
