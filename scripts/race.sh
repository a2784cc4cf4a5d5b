# shellcheck shell=bash
# with_race go test … adds the race detector where a C compiler is at hand; CI insists on one.
with_race() {
	if command -v gcc >/dev/null || command -v clang >/dev/null; then
		CGO_ENABLED=1 "$@" -race
	elif [ -n "${CI:-}" ]; then
		echo "the race detector needs gcc and libc6-dev" >&2
		return 1
	else
		echo "no C compiler: without the race detector"
		"$@"
	fi
}
