#!/usr/bin/env bash
# k8s.sh deploy|logs: Ottoscaler in the cluster of the current kubectl context, from deploy/k8s. IMAGE names an image that
# the cluster can fetch; without it the image is made here and put into the cluster, where that is possible. REDIS_HOST and
# REDIS_PORT say where Redis is, seen from a Pod.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/context.sh
. scripts/context.sh
namespace=ottoscaler

# load puts bin/image.tar where the cluster's nodes find it.
load() { # IMAGE
	local context
	context=$(kubectl config current-context)
	if is_devcluster; then
		"$devcluster" load bin/image.tar --dir "$(devcluster_dir)"
	elif [[ $context == kind-* ]] && command -v kind >/dev/null; then
		kind load image-archive bin/image.tar --name "${context#kind-}"
	elif [[ $context == minikube ]] && command -v minikube >/dev/null; then
		minikube image load bin/image.tar
	elif [[ $context == docker-desktop ]] && docker info >/dev/null 2>&1; then
		docker load -i bin/image.tar
	else
		cat >&2 <<-END
			k8s-deploy: $1 is in bin/image.tar, and the nodes of "$context" cannot get it there. Push it to a registry of yours,
			and deploy that:
			    go tool -modfile=tools/deploy/go.mod crane push bin/image.tar registry.example/team/$1
			    make k8s-deploy IMAGE=registry.example/team/$1
		END
		return 1
	fi
}
# redis_host is where a Pod finds the Redis of `make redis`.
redis_host() {
	if [ -n "${REDIS_HOST:-}" ]; then
		echo "$REDIS_HOST"
	elif is_devcluster; then
		# A redis-server of `make redis` may have been started before the cluster had its address.
		if [ -e "${REDIS_DIR:-.cache/redis}/redis.pid" ]; then
			redis-cli -p "${REDIS_PORT:-6379}" config set protected-mode no >/dev/null
			redis-cli -p "${REDIS_PORT:-6379}" config set bind "127.0.0.1 $(devcluster_ip)" >/dev/null
		fi
		devcluster_ip
	else
		echo host.docker.internal
	fi
}
deploy() {
	local image=${IMAGE:-} host
	kubectl version >/dev/null || {
		echo "k8s-deploy: no cluster answers; \`bin/devcluster up\` starts one" >&2
		return 1
	}
	if [ -z "$image" ]; then
		image=ottoscaler:$VERSION
		image=${image//+/-}
		scripts/image.sh "$image" "$VERSION" bin/image.tar
		load "$image"
	fi
	host=$(redis_host)
	kubectl apply -f deploy/namespaces.yaml
	# The rendered files have one image, one host and one port to replace.
	for file in deploy/k8s/*.yaml; do
		echo ---
		sed -e "s|^\( *image: \).*|\1$image|" -e "s|^\( *REDIS_HOST: \).*|\1\"$host\"|" \
			-e "s|^\( *REDIS_PORT: \).*|\1\"${REDIS_PORT:-6379}\"|" "$file"
	done | kubectl apply -f -
	# What is read at the start only is in the ConfigMap.
	kubectl rollout restart deployment/ottoscaler -n $namespace
	if ! kubectl rollout status deployment/ottoscaler -n $namespace --timeout "${TIMEOUT:-120s}"; then
		kubectl get pods -n $namespace
		kubectl logs -n $namespace -l app.kubernetes.io/component=main --tail 20
		return 1
	fi
	cat <<-END

		Ottoscaler runs, with Redis on $host:${REDIS_PORT:-6379}. Next:
		    make test-event
		    kubectl get pods -n otto-agents --watch
		    make k8s-logs
	END
}
logs() {
	local follow=-f
	if [ "${FOLLOW:-true}" != true ]; then
		follow=
	fi
	# shellcheck disable=SC2086  # nothing, or a flag
	kubectl logs -n $namespace deployment/ottoscaler --tail 100 $follow
}

case ${1:-} in
deploy | logs) "$1" ;;
*) echo "k8s.sh deploy|logs" >&2 && exit 2 ;;
esac
