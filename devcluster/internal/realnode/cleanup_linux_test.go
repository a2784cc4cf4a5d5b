package realnode

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMountsBelow(t *testing.T) {
	//nolint:dupword // the kernel writes it this way
	mounts := parseMounts(`22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 254:0 /k /w/node/kubelet rw master:2 shared:7 - ext4 /dev/vda rw
41 40 0:50 / /w/node/kubelet/pods/a\040b rw - tmpfs tmpfs rw
42 22 0:51 / /w/nodes rw - tmpfs tmpfs rw
43 22 0:4 net:[4] /run/devcluster/x/netns/cni-1 rw - nsfs nsfs rw
half a line`)
	got := mountsBelow(mounts, "/w/node", "/run/devcluster/x")
	want := []string{"/run/devcluster/x/netns/cni-1", "/w/node/kubelet/pods/a b", "/w/node/kubelet"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIsDaemon(t *testing.T) {
	const run = "/run/devcluster/0a"
	tests := map[string]struct {
		args []string
		want bool
	}{
		"containerd":    {[]string{"/usr/bin/containerd", "--config", run + "/containerd.toml"}, true},
		"shim":          {[]string{"/usr/bin/containerd-shim-runc-v2", "-id", "1", "-address", run + "/containerd.sock"}, true},
		"kubelet":       {[]string{"/opt/devcluster", "kubelet", "--config=" + run + "/kubelet.yaml"}, true},
		"other cluster": {[]string{"containerd", "--config", run + "b/containerd.toml"}, false},
		"system daemon": {[]string{"/usr/bin/containerd"}, false},
		"pager":         {[]string{"less", run + "/containerd.toml"}, false},
		"search":        {[]string{"grep", "kubelet", run + "/kubelet.yaml"}, false},
		"kernel thread": {[]string{""}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := isDaemon(test.args, run); got != test.want {
				t.Errorf("isDaemon returned %v", got)
			}
		})
	}
}
