# shellcheck shell=bash
# Another value would compile Kubernetes once more.
export CGO_ENABLED=0
# devcluster_packages light|heavy lists the packages of devcluster without, or with, Kubernetes itself in them.
devcluster_packages() {
	local heavy=k8s.io/kubernetes/cmd/kube-apiserver/app
	local kind='{{$kind := "light"}}{{range .Deps}}{{if eq . "'$heavy'"}}{{$kind = "heavy"}}{{end}}{{end}}{{$kind}}'
	go list -C devcluster -f "$kind {{.ImportPath}}" ./... |
		sed -n "s|^$1 github.com/ottoscaler/ottoscaler/devcluster|.|p"
}
