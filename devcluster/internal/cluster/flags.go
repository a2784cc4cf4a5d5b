package cluster

import (
	"fmt"
	"strconv"
	"time"
)

// Flags of the components, with a reason where it is not obvious.

func (c *Cluster) etcdArgs() []string {
	client, peer := "https://"+c.alloc.Address("etcd"), "https://"+c.alloc.Address("etcd-peer")
	args := []string{
		"--name=devcluster",
		"--data-dir=" + c.dir.Etcd(),
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=devcluster=" + peer,
		"--unsafe-no-fsync", // no data has to survive a power failure
		"--log-level=warn",
		"--quota-backend-bytes=8589934592",
		"--auto-compaction-retention=0",
	}
	// Other users of this machine can connect to loopback too: client certificates are required.
	for _, side := range []string{"", "peer-"} {
		args = append(args,
			"--"+side+"cert-file="+c.dir.PKI("server.crt"), "--"+side+"key-file="+c.dir.PKI("server.key"),
			"--"+side+"trusted-ca-file="+c.dir.PKI("ca.crt"), "--"+side+"client-cert-auth=true")
	}
	return args
}

func (c *Cluster) apiServerArgs() []string {
	seconds := strconv.Itoa(int(c.conf.EvictAfter / time.Second))
	args := []string{
		"--bind-address=127.0.0.1",
		"--secure-port=" + c.port("kube-apiserver"),
		// By default the API server advertises the address of the default route, which may not exist, and it
		// rejects loopback. The address is unused: the `kubernetes` Service has no endpoints.
		"--advertise-address=" + c.alloc.ServiceIP.String(), "--endpoint-reconciler-type=none",
		"--etcd-servers=https://" + c.alloc.Address("etcd"),
		"--etcd-cafile=" + c.dir.PKI("ca.crt"), "--etcd-certfile=" + c.dir.PKI("server.crt"), "--etcd-keyfile=" + c.dir.PKI("server.key"),
		"--client-ca-file=" + c.dir.PKI("ca.crt"),
		"--tls-cert-file=" + c.dir.PKI("server.crt"), "--tls-private-key-file=" + c.dir.PKI("server.key"),
		"--kubelet-client-certificate=" + c.dir.PKI("apiserver-kubelet.crt"), "--kubelet-client-key=" + c.dir.PKI("apiserver-kubelet.key"),
		"--kubelet-preferred-address-types=Hostname,InternalIP",
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.dir.PKI("sa.pub"), "--service-account-signing-key-file=" + c.dir.PKI("sa.key"),
		"--service-cluster-ip-range=" + c.alloc.ServiceCIDR.String(),
		"--allow-privileged=true",
		"--default-not-ready-toleration-seconds=" + seconds, "--default-unreachable-toleration-seconds=" + seconds,
		"--profiling=false",
	}
	if c.conf.Audit {
		args = append(args,
			"--audit-policy-file="+c.dir.AuditPolicy(), "--audit-log-path="+c.dir.AuditLog(),
			"--audit-log-mode=blocking-strict", // tests rely on a complete log
			"--audit-log-maxsize=100000", "--audit-log-maxbackup=0")
	}
	return args
}

func (c *Cluster) controllerManagerArgs() []string {
	return append(c.commonArgs("kube-controller-manager"),
		"--root-ca-file="+c.dir.PKI("ca.crt"),
		"--service-account-private-key-file="+c.dir.PKI("sa.key"),
		"--use-service-account-credentials=true", // each controller has its usual permissions
		"--node-monitor-period=1s",
		fmt.Sprintf("--node-monitor-grace-period=%s", c.conf.NodeGrace),
		"--concurrent-gc-syncs=40",
		"--flex-volume-plugin-dir="+c.dir.Plugins(), // the default is a folder in /usr
	)
}

func (c *Cluster) schedulerArgs() []string { return c.commonArgs("kube-scheduler") }

// commonArgs are the flags of the controller-manager and the scheduler. Their default client rates would limit the
// whole cluster: the scheduler's 50 requests per second allow about 70 Pods per second.
func (c *Cluster) commonArgs(name string) []string {
	return []string{
		"--kubeconfig=" + c.dir.UserKubeconfig(name),
		"--authentication-kubeconfig=" + c.dir.UserKubeconfig(name), "--authorization-kubeconfig=" + c.dir.UserKubeconfig(name),
		"--leader-elect=false",
		"--kube-api-qps=5000", "--kube-api-burst=10000",
		"--bind-address=127.0.0.1", "--secure-port=" + c.port(name),
		"--tls-cert-file=" + c.dir.PKI("server.crt"), "--tls-private-key-file=" + c.dir.PKI("server.key"),
		"--profiling=false",
	}
}

func (c *Cluster) kwokArgs() []string {
	return []string{"--kubeconfig=" + c.dir.UserKubeconfig("kwok"), "--config=" + c.kwokConfig()}
}

func (c *Cluster) port(name string) string { return strconv.Itoa(c.alloc.Ports[name]) }
