#!/usr/bin/env bash
# redis.sh start|stop runs a Redis to try things with on REDIS_PORT: a container where a Docker engine answers, else
# redis-server in the background. It has no password and listens on loopback, and where the Pods of a devcluster reach it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/context.sh
. scripts/context.sh
port=${REDIS_PORT:-6379}
name=ottoscaler-redis
dir=${REDIS_DIR:-$PWD/.cache/redis}
pidfile=$dir/redis.pid

ours() { # PID of a redis-server of ours that runs
	local pid
	[ -e "$pidfile" ] && pid=$(cat "$pidfile") && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null &&
		[ "$(cat "/proc/$pid/comm" 2>/dev/null || ps -o comm= -p "$pid")" = redis-server ] && echo "$pid"
}
start_container() {
	local publish=(-p "127.0.0.1:$port:6379")
	if is_devcluster; then
		publish+=(-p "$(devcluster_ip):$port:6379")
	fi
	docker run -d --name "$name" "${publish[@]}" redis:7 \
		redis-server --appendonly yes --maxmemory-policy noeviction >/dev/null
	echo "redis: the container $name on port $port · make redis-stop ends it"
}
start_server() {
	local bind=127.0.0.1 protected=yes
	# Its address is one of this machine's loopback interface, so that nobody but Pods and local users is let in.
	if is_devcluster; then
		bind="127.0.0.1 $(devcluster_ip)" protected=no
	fi
	mkdir -p "$dir"
	# shellcheck disable=SC2086  # two addresses are two words
	redis-server --port "$port" --bind $bind --protected-mode "$protected" --daemonize yes --dir "$dir" --pidfile "$pidfile" \
		--logfile "$dir/log" --appendonly yes --appendfsync always --save "" --maxmemory-policy noeviction >/dev/null
	for _ in $(seq 50); do
		if ours >/dev/null && redis-cli -p "$port" ping >/dev/null 2>&1; then
			echo "redis: redis-server on port $port ($bind) · make redis-stop ends it"
			return
		fi
		sleep 0.1
	done
	echo "redis: it does not start:" >&2
	tail -n 3 "$dir/log" >&2
	return 1
}
start() {
	if docker info >/dev/null 2>&1; then
		if [ "$(docker ps -q -f "name=^$name\$")" ]; then
			echo "redis: the container $name runs already"
			return
		fi
		docker rm -f "$name" >/dev/null 2>&1 || true
		start_container
	elif command -v redis-server >/dev/null; then
		if pid=$(ours); then
			echo "redis: redis-server runs already, as process $pid"
			return
		fi
		start_server
	else
		echo "redis: neither a Docker engine nor redis-server is here; on Debian: apt-get install redis-server" >&2
		return 1
	fi
}
stop() {
	local pid
	if pid=$(ours); then
		kill "$pid"
		while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
		echo "redis: redis-server has stopped; its data is in $dir"
	elif docker rm -f "$name" >/dev/null 2>&1; then
		echo "redis: the container $name is removed"
	else
		echo "redis: nothing of ours runs"
	fi
}

case ${1:-} in
start | stop) "$1" ;;
*) echo "redis.sh start|stop" >&2 && exit 2 ;;
esac
