# shellcheck shell=bash
# Which cluster the current kubectl context means, and how to talk to it. A devcluster that is up counts where there is no
# other context.
devcluster=${DEVCLUSTER:-$PWD/bin/devcluster}

if [ -z "${KUBECONFIG:-}" ] && [ ! -e "$HOME/.kube/config" ] && [ -x "$devcluster" ]; then
	if config=$("$devcluster" kubeconfig 2>/dev/null); then
		export KUBECONFIG=$config
	fi
fi
kubectl() {
	if [ -n "$(type -P kubectl)" ]; then # not this function
		command kubectl "$@"
	else
		"$devcluster" kubectl --kubeconfig "${KUBECONFIG:-$HOME/.kube/config}" "$@"
	fi
}
# ready_json is the file beside a devcluster's kubeconfig that says where it is.
ready_json() { echo "$(dirname "${KUBECONFIG:-/nowhere/config}")/ready.json"; }
is_devcluster() { [ -e "$(ready_json)" ] && grep -q '"service_ip"' "$(ready_json)"; }
devcluster_ip() { sed -n 's/.*"service_ip": *"\([^"]*\)".*/\1/p' "$(ready_json)"; }
devcluster_dir() { dirname "$(ready_json)"; }
