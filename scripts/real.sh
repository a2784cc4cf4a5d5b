# shellcheck shell=bash
# real_packages DIR… lists, as ./paths, the folders with tests that need real parts (build tag `real`).
real_packages() {
	find "$@" -name '*_test.go' -exec grep -lE '^//go:build (.*[^a-z])?real([^a-z]|$)' {} + 2>/dev/null |
		while read -r file; do echo "./$(dirname "$file")"; done | sort -u
}
