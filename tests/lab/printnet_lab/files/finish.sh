#!/bin/sh
# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The last step of a root file system: no firewall enabled, nothing that runs by the clock, a quick login.
# Called by mmdebstrap with the tree as its only argument; part of the cache key.
set -eu
root=$1

for unit in firewalld ufw nftables netfilter-persistent; do
    chroot "$root" systemctl disable "$unit.service" 2>/dev/null || true
done
chroot "$root" systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    fstrim.timer e2scrub_reap.service systemd-networkd.service getty.target console-getty.service \
    systemd-tmpfiles-clean.timer man-db.timer
chroot "$root" useradd --create-home --shell /bin/bash guest

cat >"$root/etc/ssh/sshd_config.d/lab.conf" <<'END'
UseDNS no
PrintMotd no
PrintLastLog no
PermitRootLogin prohibit-password
PasswordAuthentication no
MaxStartups 100
AcceptEnv LANG LC_*
END
sed -i '/pam_motd\|pam_mail/d' "$root/etc/pam.d/sshd"
if ! chroot "$root" ssh-keygen -A >/dev/null; then exit 1; fi

rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
: >"$root/etc/machine-id"
touch "$root/etc/.updated" "$root/var/.updated"
