#!/bin/sh
# install.sh BUILD FOLDER COMPILER: installs into FOLDER, builds the installed template far from any tree as its author
# would, and asks the installed programs what they think of it.
set -eu
build=$1 folder=$2 compiler=$3
rm -rf "$folder"
mkdir -p "$folder"
cmake --install "$build" --prefix "$folder/usr" >"$folder/install.log"
for file in bin/syncline bin/plugincheck lib/syncline/plugins/pop3.so include/syncline/plugin.h \
            lib/systemd/system/syncline.service share/syncline/schema/email.schema.json; do
  test -e "$folder/usr/$file" || { echo "$file is not installed"; exit 1; }
done

grep -q "^ExecStart=$folder/usr/bin/syncline " "$folder/usr/lib/systemd/system/syncline.service"

# The program alone: it finds its plugins beside itself, and its own example is a good configuration.
cd "$folder"
env -u SYNCLINE_PLUGIN_PATH usr/bin/syncline plugin list >plugins
cat plugins
for plugin in crm-rest exchange pop3 rules storage-sqlite; do
  grep -q "^$plugin" plugins || { echo "the installed program does not find $plugin"; exit 1; }
done
usr/bin/syncline config example >syncline.toml
usr/bin/syncline --config syncline.toml config check

# A plugin's author.
cp -r usr/share/syncline/template mine
cmake -S mine -B mine/build -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$folder/usr" -DCMAKE_BUILD_TYPE=Release
cmake --build mine/build
usr/bin/plugincheck mine/build/folder.so
usr/bin/syncline --plugin-dir mine/build plugin info folder >info
cat info
grep -q "folder" info
