/** What units are made for. */
export interface UnitSettings {
  /** The launcher, `/opt/copse/copse`. */
  readonly program: string;
  /** The data folder. */
  readonly data: string;
  /** Where media lie, if not there. */
  readonly media: string | undefined;
  readonly user: string;
  /** The setting `memory`, in bytes. */
  readonly memory: number;
}

/** A file, by its name. */
export interface UnitFile {
  readonly name: string;
  readonly text: string;
}

const MIB = 2 ** 20;
/** The process that draws thumbnails comes on top of `memory`, and what the kernel counts beside. */
const BESIDE = 160 * MIB;

/** What systemd lets a process have that may use `memory` bytes: it helps itself long before the kernel has to. */
export function memoryMax(memory: number): string {
  return `${Math.ceil((memory + BESIDE) / MIB)}M`;
}

/** A server that is one process. */
export function singleUnits(settings: UnitSettings): UnitFile[] {
  const text = unit({
    ...{ settings, description: 'Copse, a Matrix homeserver', after: ['postgresql.service', 'nats-server.service'] },
    exec: `${settings.program} up --data ${word(settings.data)}`,
    more: [`MemoryMax=${memoryMax(settings.memory)}`, ...IN_GOOD_ORDER],
    capabilities: '',
  });
  return [{ name: 'copse.service', text }];
}

/** A board: its agent, and the processes that it has systemd run. */
export function boardUnits(settings: UnitSettings): UnitFile[] {
  const agent = unit({
    ...{ settings, description: 'The agent of a board of Copse', after: [] },
    exec: `${settings.program} agent --data ${word(settings.data)}`,
    more: ['# No MemoryMax: what limits the agent would be taken for the memory of the board.'],
    capabilities: '',
  });
  const process = unit({
    ...{ settings, description: 'Copse: %i', after: ['copse-agent.service'] },
    exec: `${settings.program} $COPSE_WORDS`,
    more: [`EnvironmentFile=${settings.data.replaceAll('%', '%%')}/run/%i.env`, ...IN_GOOD_ORDER],
    // A front has ports below 1024.
    capabilities: 'CAP_NET_BIND_SERVICE',
    isStartedByAgent: true,
  });
  return [
    { name: 'copse-agent.service', text: agent },
    { name: 'copse-process@.service', text: process },
    { name: 'copse.rules', text: polkitRule(settings.user) },
  ];
}

/** SIGTERM is for the process alone, which ends its own. */
const IN_GOOD_ORDER = ['KillMode=mixed', 'TimeoutStartSec=15min', 'TimeoutStopSec=20'];

interface UnitInput {
  readonly settings: UnitSettings;
  readonly description: string;
  readonly after: readonly string[];
  readonly exec: string;
  /** Further lines of `[Service]`. */
  readonly more: readonly string[];
  readonly capabilities: string;
  /** And not at the start of the machine. */
  readonly isStartedByAgent?: boolean;
}

function unit({ settings, description, after, exec, more, capabilities, isStartedByAgent }: UnitInput): string {
  const ambient = capabilities === '' ? [] : [`AmbientCapabilities=${capabilities}`];
  const lines = [
    '# Made by `copse systemd`. What shall be otherwise goes into a file of its own: systemctl edit NAME.',
    '[Unit]',
    `Description=${description}`,
    'Wants=network-online.target',
    `After=${['network-online.target', ...after].join(' ')}`,
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    ...TELLING,
    `ExecStart=${exec}`,
    `User=${settings.user}`,
    'UMask=0077',
    'Restart=always',
    'RestartSec=1',
    ...more,
    'LimitNOFILE=65536',
    ...hardening(settings),
    `CapabilityBoundingSet=${capabilities}`,
    ...ambient,
    ...(isStartedByAgent === true ? [] : ['', '[Install]', 'WantedBy=multi-user.target']),
  ];
  return `${lines.join('\n')}\n`;
}

/** Node.js cannot write to systemd's socket; `systemd-notify`, which is another process, does it (decision 0131). */
const TELLING = ['Type=notify', 'NotifyAccess=all', 'WatchdogSec=60', 'WatchdogSignal=SIGKILL'];

function hardening({ program, data, media }: UnitSettings): string[] {
  const folders = [data, ...(media === undefined ? [] : [media])];
  return [
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ReadWritePaths=${folders.map(word).join(' ')}`,
    ...([program, ...folders].some(folder => /^\/(home|root)\//.test(folder)) ? [] : ['ProtectHome=yes']),
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'LockPersonality=yes',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
  ];
}

/** Lets the agent, which is no root, start and end the processes of its board, and no other unit (polkit(8)). */
function polkitRule(user: string): string {
  return `// Made by \`copse systemd\`, for /etc/polkit-1/rules.d.
polkit.addRule(function (action, subject) {
  if (
    action.id == 'org.freedesktop.systemd1.manage-units' &&
    subject.user == '${user}' &&
    /^copse-process@[\\w.-]+\\.service$/.test(action.lookup('unit'))
  )
    return polkit.Result.YES;
});
`;
}

/** A path as one word of a unit (systemd.syntax(7), systemd.service(5)). */
function word(path: string): string {
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s"'\\;]/.test(path) ? `"${escaped}"` : escaped;
}
