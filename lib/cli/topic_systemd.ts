/**
 * `plumb help systemd`: units to copy.
 * @module
 */

import { wrap } from "./text.ts";

/** /etc/systemd/system/plumb-echo.service */
const service = `\
[Unit]
Description=plumb: echo on port 7007
Documentation=https://datatracker.ietf.org/doc/html/rfc862
After=network-online.target
Wants=network-online.target
Requires=plumb-echo.socket

[Service]
Type=notify-reload
ExecStart=/usr/local/bin/plumb serve echo fd:echo --allow @/etc/plumb/allow --drain 25s
TimeoutStopSec=30s
Restart=on-failure
WatchdogSec=30s
LimitNOFILE=65536

DynamicUser=yes
CacheDirectory=plumb
Environment=XDG_CACHE_HOME=/var/cache/plumb
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077

[Install]
WantedBy=multi-user.target`;

/** /etc/systemd/system/plumb-echo.socket */
const socket = `\
[Socket]
ListenStream=7007
FileDescriptorName=echo
Backlog=4096

[Install]
WantedBy=sockets.target`;

/** The lines of the page. */
export function systemdLines(width: number): readonly string[] {
  const indented = (text: string) => text.split("\n").map((line) => line && `  ${line}`);
  return [
    ...wrap(
      "A server tells systemd that it is ready, reloads (systemctl reload sends SIGHUP) and " +
        "stops, and answers its watchdog. The socket is systemd's: it stays open while the " +
        "service is started anew, so that a restart refuses nobody; who comes meanwhile waits.",
      width,
    ),
    "",
    "/etc/systemd/system/plumb-echo.socket",
    "",
    ...indented(socket),
    "",
    "/etc/systemd/system/plumb-echo.service",
    "",
    ...indented(service),
    "",
    ...wrap(
      "MemoryDenyWriteExecute=yes is not there: the runtime compiles to machine code while it " +
        "runs. A service that starts programs (exec:) needs what those need, too. Ports under " +
        "1024 need nothing more, because systemd binds them; without the socket unit, " +
        "AmbientCapabilities=CAP_NET_BIND_SERVICE and the same in CapabilityBoundingSet.",
      width,
    ),
    "",
    ...wrap(
      "Without systemd: plumb serve ... --takeover /run/plumb.sock, started anew with the same " +
        "words, takes the listening sockets of the one that runs, which then drains and ends.",
      width,
    ),
  ];
}
