#!/usr/bin/env bash
# Classifies photos with OpenVINO as an older x86-64 processor would, and writes the report that
# `edgetlc answers judge --merge` turns into a column. README.md beside this tells how to use it.
set -euo pipefail

if (( $# < 3 || $# > 5 )); then
    echo "usage: $0 BUNDLE PHOTOS OUTPUT.json [AVX2|AVX512_CORE|AVX512_CORE_VNNI [MODEL]]" >&2
    exit 2
fi
bundle=$1 photos=$2 output=$3 isa=${4:-AVX2} model=${5:-onnx-int8}

case $isa in  # the flag of /proc/cpuinfo that the last part of the instruction set has
    AVX2) flag=avx2 ;;
    AVX512_CORE) flag=avx512bw ;;
    AVX512_CORE_VNNI) flag=avx512_vnni ;;
    *)
        echo "unknown instruction set $isa; use AVX2, AVX512_CORE or AVX512_CORE_VNNI" >&2
        exit 2
        ;;
esac
# oneDNN takes the name as an upper limit: on a processor without it, it would run something less.
if ! grep -qw "$flag" /proc/cpuinfo; then
    echo "this processor has no $isa; run this on one that has it" >&2
    exit 2
fi

export ONEDNN_MAX_CPU_ISA=$isa
exec edgetlc predict "$bundle" "$photos" \
    --model "$model" --engine openvino --results-file "$output"
