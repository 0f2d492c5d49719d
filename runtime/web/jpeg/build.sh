#!/usr/bin/env bash
# Builds decoder.wasm from libjpeg-turbo's sources. Only who changes decoder.c needs this.
#   sh build.sh LIBJPEG_TURBO_SOURCES          (version 3.2.0, as in Pillow 13)
# Debian: clang-16 lld-16 wasi-libc libclang-rt-16-dev-wasm32
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
from=$1
clang=${CLANG:-clang-16}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/jconfig.h" <<'H'
#define JPEG_LIB_VERSION 62
#define LIBJPEG_TURBO_VERSION 3.2.0
#define LIBJPEG_TURBO_VERSION_NUMBER 3002000
#define BITS_IN_JSAMPLE 8
H
cat > "$work/jconfigint.h" <<'H'
#define BUILD "edgetlc"
#define HIDDEN
#define INLINE inline
#define THREAD_LOCAL
#define PACKAGE_NAME "libjpeg-turbo"
#define VERSION "3.2.0"
#define SIZEOF_SIZE_T 4
#define FALLTHROUGH __attribute__((fallthrough));
H
sed 's/@COPYRIGHT_YEAR@/2026/' "$from/src/jversion.h.in" > "$work/jversion.h"

both="jdapistd jdcoefct jdcolor jddctmgr jdmainct jdmerge jdpostct jdsample jidctint jidctfst jidctflt jidctred jutils"
once="jcomapi jdapimin jdhuff jdinput jdmarker jdmaster jdphuff jmemmgr jmemnobs jpeg_nbits"
sources=("$here/decoder.c")
for name in $once; do sources+=("$from/src/$name.c"); done
for name in $both; do sources+=("$from/src/wrapper/$name-8.c"); done

# Decoders of 12 and 16 bits are left out: a call to one ends the module, and decoder.c refuses such
# files before. No SIMD: the portable code gives the same bytes everywhere.
"$clang" --target=wasm32-wasi -O3 -flto -mexec-model=reactor -nostartfiles -Wno-everything \
  -I"$work" -I"$from/src" -DNO_GETENV -DNO_PUTENV -fno-builtin-malloc \
  "${sources[@]}" -o "$here/decoder.wasm" \
  -Wl,--no-entry -Wl,--unresolved-symbols=ignore-all -Wl,--strip-all -Wl,-z,stack-size=131072 \
  -Wl,--max-memory=1073741824
ls -l "$here/decoder.wasm"
