"""What a wheelhouse tells the board and its user: `install.sh` and `README.txt`."""

from __future__ import annotations

import shlex

from edgetlc.export.wheels import Target

_SCRIPT = r"""#!/bin/sh
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
"""

_README = """edgetlc: installation without internet · 离线安装

These files are for @target@ with glibc 2.@glibc@ or newer.
本文件夹适用于 @target@，glibc 2.@glibc@ 或更新版本。

1. Copy this whole folder to the machine, or plug in the stick it is on.
   将整个文件夹复制到目标设备，或直接插入 U 盘。
2. In a terminal, in this folder / 在本文件夹中打开终端，运行:

       sh install.sh

   It needs python@python@ and nothing else, installs into ~/edgetlc (another folder:
   sh install.sh FOLDER), checks every file by its SHA-256 and runs the self-test.
   只需系统已有 python@python@；安装到 ~/edgetlc（可另指定文件夹），逐一核对 SHA-256，并运行自检。
3. Classify a photo / 识别照片:

       ~/edgetlc/env/bin/edgetlc predict ~/edgetlc/@bundle@ PHOTO.jpg

To remove it, delete ~/edgetlc. 卸载：删除 ~/edgetlc 文件夹即可。

wheels/            packages / 软件包
requirements.txt   their exact versions and SHA-256 / 确切版本与校验值
@bundle@           the classifier / 识别模型
wheelhouse.json    what is in this folder / 本文件夹的清单
"""


def install_script(target: Target, glibc: int, bundle: str, pip: str) -> str:
    """Return `install.sh`, for a POSIX shell.

    Args:
        target: the machine it is for.
        glibc: minor version of the glibc that the wheels ask for.
        bundle: file name of the bundle.
        pip: file name of pip's wheel.
    """
    numbers = target.python.replace(".", ", ")
    return _filled(_SCRIPT, target, glibc, bundle=shlex.quote(bundle), pip=pip, numbers=numbers)


def readme(target: Target, glibc: int, bundle: str) -> str:
    """Return `README.txt`, in Chinese and English."""
    return _filled(_README, target, glibc, bundle=bundle)


def _filled(text: str, target: Target, glibc: int, **more: str) -> str:
    words = {"machine": target.machine, "python": target.python, "glibc": str(glibc)}
    for key, value in {**words, "target": str(target), **more}.items():
        text = text.replace(f"@{key}@", value)
    return text
