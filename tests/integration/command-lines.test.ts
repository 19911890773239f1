// Each program's command line and settings file: what is wrong is named, with file and line, before
// anything starts. The real programs.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const BIN = process.env.RONG_BIN ?? 'build/release';
const DAEMONS = ['rong-signal', 'rong-mcu', 'rong-room', 'rong-sim'];
const PROGRAMS = [...DAEMONS, 'rong', 'rong-room-media', 'rong-load', 'rong-bench'];

const folder = mkdtempSync(join(tmpdir(), 'rong-command-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function run(program: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(`${BIN}/${program}`, args, { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
  });
}

async function checkConfig(program: string, text: string): Promise<Ended> {
  const path = join(folder, `${program}.conf`);
  writeFileSync(path, text);
  return run(program, '--config', path, '--check-config');
}

const listen = 'expected ADDRESS:PORT with a numeric address';
const url = 'expected https://HOST:PORT';
const socket = 'expected wss://HOST:PORT';

// What start-up would stumble over: program, [section] and lines, the line at fault, what it says.
const faults: [string, string, number, string][] = [
  ['rong-signal', '[signal]\npublic_listen = abc', 2, `public_listen = 'abc'; ${listen}`],
  ['rong-signal', '[signal]\npublic_listen = ', 2, `public_listen = ''; ${listen}`],
  ['rong-signal', '[signal]\nmachine_listen = 1.2.3.4.5:1', 2, listen],
  ['rong-signal', '[signal]\nmachine_listen = 0.0.0.0:99999', 2, listen],
  ['rong-signal', '[signal]\nstatus_listen = host.local:9080', 2, listen],
  ['rong-signal', '[signal]\nstatus_listen = 9080', 2, listen],
  [
    'rong-signal',
    '[signal]\nmachine_listen = 0.0.0.0:8443',
    2,
    'another port than that of public_listen',
  ],
  ['rong-signal', '[signal]\npublic_url = http://host:8443', 2, url],
  ['rong-signal', '[signal]\npublic_url = https://', 2, url],
  ['rong-signal', '[signal]\nserver_names = a, b/c', 2, 'expected host names or addresses'],
  ['rong-mcu', '[signal]\nurl = ftp://x', 2, `url = 'ftp://x'; ${url}`],
  ['rong-mcu', '[signal]\nmachine_url = https://host:8444/ws', 2, socket],
  ['rong-mcu', '[signal]\nmachine_url = wss://host:0/ws', 2, socket],
  ['rong-mcu', '[mcu]\nstatus_listen = :9081', 2, listen],
  ['rong-mcu', '[mcu]\nmedia_addresses = 10.0.0.1, 10.0.0', 2, "'10.0.0' is none"],
  [
    'rong-mcu',
    '[mcu]\nmedia_min_port = 3000\nmedia_max_port = 2000',
    3,
    'at least media_min_port, which is 3000',
  ],
  [
    'rong-mcu',
    '[mcu]\nmedia_min_port = 30000',
    1,
    "media_max_port = '29999' by default; expected at least",
  ],
  ['rong-mcu', '[mcu]\nmedia_min_port = 0', 1, 'expected both ports or none to be 0'],
  ['rong-mcu', '[mcu]\nmedia_max_port = 70000', 2, 'expected a whole number from 0 to 65535'],
  ['rong-room', '[signal]\nurl = ftp://x', 2, `url = 'ftp://x'; ${url}`],
  ['rong-room', '[signal]\nmachine_url = ws://10.0.0.1:8444/ws', 2, 'ws:// is for 127.0.0.1 only'],
  ['rong-room', '[signal]\nmachine_url = wss://ho st/ws', 2, socket],
  ['rong-room', '[room]\naddress = 127.0.0.300', 2, 'expected a numeric IPv4 or IPv6 address'],
  ['rong-room', '[media]\naddress = box.local', 2, 'expected a numeric IPv4 or IPv6 address'],
  ['rong-room', '[page]\nlisten = 0.0.0.0:8480', 2, 'expected a loopback address'],
  ['rong-room', '[page]\nlisten = abc', 2, listen],
  ['rong-room', '[status]\nlisten = 127.0.0.1:8480', 2, 'another port than that of [page] listen'],
  [
    'rong-room',
    '[device led]\ndriver = novastar\naddress = 127.0.0.1\nbind = x',
    4,
    'expected a numeric IPv4',
  ],
  [
    'rong-room',
    '[device led]\ndriver = novastar\naddress = led.local',
    3,
    "'led.local' is not a numeric IP address",
  ],
  [
    'rong-sim',
    '[visca a]\nlisten = 1.2.3.4.5:1',
    2,
    "listen = '1.2.3.4.5:1'; expected nothing, or ADDRESS:PORT",
  ],
  ['rong-sim', '[visca a]\ntcp_listen = 127.0.0.1', 2, listen],
  ['rong-sim', '[visca a]\npresets = 1:0:0', 2, "'1:0:0' is not"],
  ['rong-sim', '[novastar a]\nlisten = abc', 2, listen],
  ['rong-sim', '[roomos a]\nlisten = abc', 2, listen],
  ['rong-room', '[microphones a]\ncamera = c\nudp_listen = 0.0.0.0', 3, listen],
  ['rong-sim', '[sim]\ncontrol = 0.0.0.0:0', 2, 'expected a loopback address'],
  ['rong-sim', '[fleet]\nnetwork = 127', 2, 'expected half an IPv4 address'],
];

describe('a settings file', () => {
  it.each(faults)('of %s with %j is refused in line %i', async (program, text, line, said) => {
    const { code, stderr } = await checkConfig(program, `${text}\n`);
    expect(stderr).toContain(`${program}.conf:${line}: `);
    expect(stderr).toContain(said);
    expect(code).toBe(2);
  });

  it.each(DAEMONS)('for %s with an unknown section names its line', async (program) => {
    const { code, stderr } = await checkConfig(program, '# a comment\n[nonsense]\nkey=value\n');
    expect(stderr).toContain(`${program}.conf:2: unknown section [nonsense]`);
    expect(stderr).not.toContain('did you mean');
    expect(code).toBe(2);
  });

  it.each(DAEMONS)('for %s that is the sample, or is not there', async (program) => {
    const { stdout } = await run(program, '--sample-config');
    expect(await checkConfig(program, stdout)).toMatchObject({ code: 0, stderr: '' });
    const missing = await run(program, '--config', join(folder, 'none.conf'), '--check-config');
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('none.conf: can not be read: ');
  });
});

describe('a command line', () => {
  it.each(PROGRAMS)('of %s tells its version and its use', async (program) => {
    const version = await run(program, '--version');
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toMatch(new RegExp(`^${program} \\d+\\.\\d+\\.\\d+\n$`));
    const help = await run(program, '--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/usage|rong: /i);
    expect(help.stdout).toContain('--version');
  });

  it.each(PROGRAMS)('of %s with an unknown option names it', async (program) => {
    const { code, stdout, stderr } = await run(program, '--bogus');
    expect(stderr).toContain(program);
    expect(stderr).toContain('--bogus');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it.each(['rong-load', 'rong-bench'])('of %s names what is missing', async (program) => {
    const { code, stderr } = await run(program);
    expect(stderr).toMatch(/missing|expected one of/);
    expect(code).toBe(2);
  });
});

describe('a man page', () => {
  it.each([...DAEMONS, 'rong'])('of %s names every option and command', async (program) => {
    const { code, stdout } = await run(program, '--man');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^\\.TH ${program.toUpperCase()} 8 `));
    const help = (await run(program, '--help')).stdout;
    const options = [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name]) => name ?? '');
    const commands = [...help.matchAll(new RegExp(`^ +${program} ([a-z]+) `, 'gm'))].map(
      ([, name]) => `${program} ${name}`,
    );
    expect(options.length).toBeGreaterThanOrEqual(5);
    const plain = stdout.replaceAll('\\-', '-');
    for (const name of [...options, ...commands]) expect(plain).toContain(name);
  });

  it('is there for all that the package carries and people start', () => {
    const script = readFileSync('tools/package.sh', 'utf8');
    const packed = [...script.matchAll(/^programs \S+ (.*)$/gm)].flatMap(([, names]) =>
      (names ?? '').split(' '),
    );
    expect(packed).toEqual(
      expect.arrayContaining(['rong', 'rong-signal', 'rong-mcu', 'rong-room']),
    );
    expect(readdirSync(BIN)).toEqual(expect.arrayContaining(packed));
  });
});
