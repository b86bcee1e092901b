#!/bin/sh
# How does a camera get its agent, and later a newer one? `sudo sh install.sh` in the unpacked bundle does both.
# What runs is left alone until the new folder is whole and its agent loads on this computer;
# if the new agent does not stay up after that, the one from before is back. Releases and state.json are never touched.
# For a trial without root: PREFIX=FOLDER takes the place of /, PYTHON=FILE and SYSTEMCTL=FILE of the system's own.
set -eu
umask 022

root=${PREFIX:-}
opt=$root/opt/lensloop
settings=$root/etc/lensloop-camera
unit=lensloop-camera.service
units=$root/etc/systemd/system
# An agent that cannot run ends within a second or two; a DeepLens' Atom takes five to load it.
stays_up_seconds=${STAYS_UP_SECONDS:-15}
bundle=$(cd "$(dirname "$0")" && pwd)

say() { echo "· $*"; }
fail() { echo "$*" >&2; exit 1; }

# MACHINE, PYTHONS, VERSION, and for a camera's own bundle THING and FRAMES
# shellcheck source=/dev/null
. "$bundle/facts"

right_computer() {
    [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "This needs root: sudo sh install.sh"
    [ "$(uname -m)" = "$MACHINE" ] ||
        fail "This bundle is for $MACHINE, this computer is $(uname -m). Make one for it with --for."
    [ -n "$THING" ] || [ -f "$settings" ] ||
        fail "This bundle updates an agent, and none is installed here. Make this camera's own: lensloop camera add."
    (cd "$bundle" && sha256sum -c SHA256SUMS >/dev/null 2>&1) ||
        fail "The bundle is damaged. Copy it here again."
}

# The newest Python of this computer that the bundle has packages for.
find_python() {
    for version in $PYTHONS; do
        for name in ${PYTHON:-"python$version" python3}; do
            python=$(command -v "$name") || continue
            found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
            [ "$found" != "$version" ] || return 0
        done
    done
    fail "This bundle has packages for Python $PYTHONS, and none of them is here." \
        "Make one with --python and the version that 'python3 --version' shows."
}

build() {
    mkdir -p "$opt/agents"
    rm -rf "$opt/agents/new."*  # of an installation that was cut off
    new=$(mktemp -d "$opt/agents/new.XXXXXX")
    chmod 755 "$new"
    cp -R "$bundle/agent" "$new/agent"
    # The system's packages as well: awscam and picamera2 come with it, and with no index.
    "$python" -m venv --without-pip --system-site-packages "$new/venv" ||
        fail "$python cannot make a virtual environment (Debian and Ubuntu: apt install python3-venv)."
    tar -xzf "$bundle/packages/$version.tar.gz" -C "$new/venv/lib/python$version/site-packages"
    (cd "$new/agent" && "$new/venv/bin/python" -m camera --help >/dev/null &&
        "$new/venv/bin/python" -c "import onnxruntime") ||
        fail "The agent does not load on this computer; nothing was changed."
    made=agents/$VERSION-$(basename "$new" | cut -c5-)
    sync
    mv "$new" "$opt/$made"
}

person() {
    if [ -z "$root" ] && ! id lensloop >/dev/null 2>&1; then
        useradd --system --groups video --no-create-home --home-dir /var/lib/lensloop \
            --shell /usr/sbin/nologin lensloop
    fi
}

# There whole or not at all, and never readable by more than $3 says.
put() {
    rm -f "$2.part"
    (umask 077 && cp "$1" "$2.part")
    chmod "$3" "$2.part"
    mv "$2.part" "$2"
}

identity() {
    [ -n "$THING" ] || return 0
    state=$root/var/lib/lensloop/$THING
    mkdir -p "$root/var/lib/lensloop" "$root/etc"
    mkdir -p -m 700 "$state"
    for file in "$bundle/home/"*; do
        case $file in
            *.key) put "$file" "$state/$(basename "$file")" 600 ;;
            *) put "$file" "$state/$(basename "$file")" 644 ;;
        esac
    done
    [ -n "$root" ] || chown -R lensloop: "$state"
    touch "$settings"
    # A person's own FRAMES and OPTIONS stay.
    grep -v '^STATE=' "$settings" >"$settings.new" || true
    echo "STATE=$state" >>"$settings.new"
    grep -q '^FRAMES=' "$settings" || echo "FRAMES=$FRAMES" >>"$settings.new"
    grep -q '^OPTIONS=' "$settings" || echo "OPTIONS=" >>"$settings.new"
    mv "$settings.new" "$settings"
}

use() {  # the agent in folder $1 of $opt, from its next start on
    ln -s "$1" "$opt/current.$$"
    mv -T "$opt/current.$$" "$opt/current"
    [ -n "$systemctl" ] || return 0
    mkdir -p "$units"
    sed "s#/opt/lensloop#$opt#; s#/etc/lensloop-camera#$settings#" \
        "$opt/current/agent/camera/deploy/$unit" >"$units/$unit.new"
    mv "$units/$unit.new" "$units/$unit"
    "$systemctl" daemon-reload
}

stays_up() {
    "$systemctl" restart "$unit" || return 1
    first=$("$systemctl" show -p MainPID "$unit")
    sleep "$stays_up_seconds"
    # Another process by now: it ended and was started again.
    "$systemctl" is-active --quiet "$unit" && [ "$("$systemctl" show -p MainPID "$unit")" = "$first" ]
}

# With where its log is: a camera that is not plugged in yet is the commonest cause.
start() {
    if [ -z "$systemctl" ]; then
        say "there is no systemd here; start it by hand:"
        echo "  cd $opt/current/agent && $opt/current/venv/bin/python -m camera --home STATE --frames FRAMES"
        echo "  (STATE and FRAMES are in $settings)"
        return
    fi
    "$systemctl" enable "$unit" >/dev/null 2>&1 || true
    stays_up && return
    [ -n "$before" ] ||
        fail "The agent is installed but does not stay up: see journalctl -u $unit. systemd goes on trying."
    use "$before"
    "$systemctl" restart "$unit" || true
    rm -rf "${opt:?}/$made"
    fail "The new agent did not stay up (journalctl -u $unit says why). The one from before runs again."
}

forget_older() {
    for folder in "$opt/agents/"*; do
        case agents/$(basename "$folder") in
            "$made" | "$before") ;;
            *) rm -rf "$folder" ;;
        esac
    done
}

systemctl=${SYSTEMCTL:-}
[ -n "$root" ] || systemctl=${SYSTEMCTL:-$(command -v systemctl || true)}
right_computer
find_python
mkdir -p "$opt"
exec 9>"$opt/.installing"
flock -n 9 || fail "Another installation is under way here."
say "1/4 unpacking agent $VERSION for Python $version"
build
say "2/4 the agent loads here; putting ${THING:-its settings} in place"
person
identity
before=$(readlink "$opt/current" || true)
say "3/4 switching to it"
use "$made"
say "4/4 starting it, and looking for $stays_up_seconds s whether it stays up"
start
forget_older
echo "The agent $VERSION is installed. Its log: journalctl -fu $unit"
