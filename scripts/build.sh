#!/usr/bin/env bash
# build.sh OUT DIR PACKAGE LDFLAGS compiles a program and says so. Go decides from its cache what there is to do.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1 dir=$2 package=$3 ldflags=$4

if [ ! -e "$out" ]; then
	case $out in
	*/devcluster) echo "building $out (a whole Kubernetes: the first time 10 to 20 minutes on 2 cores, cached afterwards)" ;;
	*) echo "building $out" ;;
	esac
fi
began=$SECONDS
go build -C "$dir" -ldflags "$ldflags" -o "$PWD/$out" "$package"
took=$((SECONDS - began))
if [ "$took" -gt 1 ]; then
	echo "built $out in ${took} s"
fi
