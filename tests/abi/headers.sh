#!/bin/sh
# headers.sh INCLUDE_DIR: every header of the boundary alone, by every compiler at hand, warnings as errors.
set -u
include=$1
warnings='-Wall -Wextra -Wpedantic -Wshadow -Werror'
failed=0
tried=0

try() { # compiler, language, standard, header
  command -v "$1" >/dev/null 2>&1 || return 0
  tried=$((tried + 1))
  # shellcheck disable=SC2086
  if ! echo "#include \"$4\"" | "$1" -x "$2" "-std=$3" $warnings -fsyntax-only "-I$include" -; then
    echo "$1 -std=$3 refuses $4" >&2
    failed=1
  fi
}

for path in "$include"/syncline/*.h "$include"/syncline/*.hpp; do
  header=syncline/$(basename "$path")
  case $header in
    *.h)
      try gcc c c11 "$header"
      try clang c c11 "$header"
      ;;
  esac
  try g++ c++ c++20 "$header"
  try clang++ c++ c++20 "$header"
done
[ "$tried" -gt 0 ] || { echo "no compiler was found" >&2; exit 1; }
echo "$tried compilations"
exit $failed
