#!/bin/sh
# template.sh SDK BUILD COMPILER: copies the template out of the tree and builds it as a stranger would.
set -eu
rm -rf "$2"
mkdir -p "$2"
cp -r "$1/template" "$2/source"
cmake -S "$2/source" -B "$2/build" -DCMAKE_CXX_COMPILER="$3" -DCMAKE_BUILD_TYPE=Release -DSYNCLINE_SDK="$1"
cmake --build "$2/build"
