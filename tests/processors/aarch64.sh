#!/usr/bin/env bash
# Classifies photos with ONNX Runtime's ARM kernels, run by qemu, and writes the report that
# `edgetlc answers judge --merge` turns into a column. README.md beside this tells what it needs.
set -euo pipefail

if (( $# < 3 || $# > 5 )); then
    echo "usage: $0 BUNDLE PHOTOS OUTPUT.json [ROOT [MODEL]]" >&2
    exit 2
fi
bundle=$1 photos=$2 output=$3 root=$(realpath -m "${4:-.aarch64-root}") model=${5:-onnx-int8}
sources=$(realpath "$(dirname "$0")/../..")

for tool in qemu-aarch64-static mmdebstrap python3; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing; README.md beside $0 tells what to install" >&2
        exit 2
    fi
done

# Debian's Python and its libraries, unpacked and never installed, and the wheels of a field
# installation in the exact versions of constraints.txt. Nothing outside the folder changes.
make_root() {
    local made
    mkdir -p "$(dirname "$root")"
    made=$(mktemp -d "$root.XXXXXX")
    trap 'rm -rf "$made"' EXIT
    chmod 755 "$made"
    echo "making $root, once: about 70 MB to download" >&2
    mmdebstrap --quiet --variant=extract --architectures=arm64 \
        --include=python3.11,libstdc++6 bookworm - |
        tar -x -C "$made" --exclude='./usr/share/*' ./usr ./lib
    python3 -m pip install --quiet --disable-pip-version-check --target "$made/site" \
        --constraint "$sources/constraints.txt" --only-binary=:all: --python-version 3.11 \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
        --platform manylinux2014_aarch64 \
        numpy pillow onnxruntime typer
    cp "$sources/constraints.txt" "$made/constraints.txt"
    mv -T "$made" "$root"
    trap - EXIT
}

# ONNX Runtime reads this file, and crashes on that of an x86-64 processor; the report takes the
# name from it. Each processor has its entry, as on Linux for ARM.
describe_processor() {
    local version n
    version=$(qemu-aarch64-static --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
    mkdir -p "$root/proc"
    for (( n = 0; n < $(nproc --all); n++ )); do
        printf '%s\t: %s\n' \
            processor "$n" \
            'model name' "aarch64 Cortex-A76 under qemu $version" \
            Features 'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp' \
            'CPU implementer' 0x41 \
            'CPU architecture' 8 \
            'CPU variant' 0x4 \
            'CPU part' 0xd0b \
            'CPU revision' 1
        echo
    done > "$root/proc/cpuinfo"
}

if [[ ! -e $root ]]; then
    make_root
elif ! cmp -s "$sources/constraints.txt" "$root/constraints.txt"; then
    echo "$root was made for other versions; remove it, then run this again" >&2
    exit 2
fi
describe_processor

# Cortex-A76: the big core of phones from 2019 on and of the Raspberry Pi 5, with dot products.
export PYTHONPATH=$sources:$root/site
exec qemu-aarch64-static -cpu cortex-a76 -L "$root" "$root/usr/bin/python3.11" -s -m edgetlc \
    predict "$bundle" "$photos" --model "$model" --engine onnxruntime --results-file "$output"
