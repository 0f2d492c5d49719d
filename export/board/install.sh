#!/bin/sh
# Installs edgetlc on a board without internet, from the files beside this script:
#
#     sh install.sh [FOLDER]        FOLDER is new; ~/edgetlc if none is given
#
# Nothing outside FOLDER is changed. PYTHON=/path/to/python sh install.sh chooses the interpreter.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${1:-$HOME/edgetlc}
bundle=@bundle@

fail() {
    echo "install.sh: $1" >&2
    exit 2
}

python=${PYTHON:-}
for name in python@python@ python3; do
    if [ -z "$python" ] && command -v "$name" >/dev/null 2>&1; then python=$name; fi
done
[ -n "$python" ] || fail "there is no python3 on this machine; Python @python@ is needed"

"$python" - <<'CHECK' || exit 2
import os, platform, struct, sys
def stop(found, needed):
    sys.exit("install.sh: this is %s; these files are for %s" % (found, needed))
if not sys.platform.startswith("linux"):
    stop(sys.platform, "Linux")
if platform.machine() != "@machine@":
    stop("a %s machine" % platform.machine(), "@machine@")
if struct.calcsize("P") != 8:
    stop("a 32-bit Python", "a 64-bit one")
if platform.python_implementation() != "CPython" or sys.version_info[:2] != (@numbers@):
    stop("%s %s" % (platform.python_implementation(), platform.python_version()),
         "Python @python@ (PYTHON=/path/to/python@python@ sh install.sh)")
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
except (ValueError, OSError):
    libc = ""
if not libc.startswith("glibc "):
    stop("a Linux without glibc", "one with glibc 2.@glibc@ or newer")
if tuple(int(n) for n in libc.split()[1].split(".")[:2]) < (2, @glibc@):
    stop(libc, "glibc 2.@glibc@ or newer")
CHECK

mkdir -p -- "$(dirname -- "$target")"
mkdir -- "$target" 2>/dev/null ||
    fail "$target cannot be made or is there already; name another: sh install.sh FOLDER"
target=$(CDPATH= cd -- "$target" && pwd)
whole=
trap '[ -n "$whole" ] || rm -rf -- "$target"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "Installing edgetlc into $target; this takes a minute or two ..."
"$python" -m venv --without-pip "$target/env"
"$target/env/bin/python" "$here/wheels/@pip@/pip" --isolated --quiet install \
    --disable-pip-version-check --no-cache-dir --no-index --require-hashes \
    --find-links "$here/wheels" --requirement "$here/requirements.txt" ||
    fail "the wheels cannot be installed (see above); is the copy of this folder damaged?"
cp -- "$here/$bundle" "$target/"
whole=yes

edgetlc=$target/env/bin/edgetlc
"$edgetlc" selftest "$target/$bundle" --results-file "$target/selftest.json" || {
    echo "install.sh: the self-test failed; do not rely on this machine's answers" >&2
    exit 1
}
echo
echo "Installed in $target. Classify a photo / 识别一张照片:"
echo "    \"$edgetlc\" predict \"$target/$bundle\" PHOTO.jpg"
echo "The self-test's report is / 自检报告: $target/selftest.json"
