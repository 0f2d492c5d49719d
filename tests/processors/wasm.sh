#!/usr/bin/env bash
# Classifies photos with onnxruntime-web, the browser's engine, in WebAssembly on one thread, and
# writes the report that `edgetlc answers judge --merge` turns into a column. README.md beside this tells
# what it needs.
set -euo pipefail

if (( $# < 3 || $# > 5 )); then
    echo "usage: $0 BUNDLE PHOTOS OUTPUT.json [ROOT [MODEL]]" >&2
    exit 2
fi
bundle=$1 photos=$2 output=$3 root=$(realpath -m "${4:-.wasm-root}") model=${5:-onnx-int8}
here=$(realpath "$(dirname "$0")")
version=1.30.0

for tool in node npm python3; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing; README.md beside $0 tells what to install" >&2
        exit 2
    fi
done

if [[ ! -e $root ]]; then
    echo "making $root, once: about 40 MB to download" >&2
    mkdir -p "$(dirname "$root")"
    made=$(mktemp -d "$root.XXXXXX")
    trap 'rm -rf "$made"' EXIT
    npm install --prefix "$made" --ignore-scripts --no-audit --no-fund --no-save --silent \
        "onnxruntime-web@$version" >&2
    mv -T "$made" "$root"
    trap - EXIT
fi

# The host step is Python's here, as it is compared elsewhere: what is asked is the network.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$here/wasm_photos.py" "$bundle" "$model" "$photos" "$work"
node "$here/wasm.mjs" "$root" "$work" "$work/report.json"
mv "$work/report.json" "$output"
