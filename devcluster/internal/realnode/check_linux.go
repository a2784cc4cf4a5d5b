package realnode

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/image"
)

// requirements lists the required programs and their Debian packages.
var requirements = []struct{ program, pkg string }{
	{"containerd", "containerd"},
	{"containerd-shim-runc-v2", "containerd"},
	{"ctr", "containerd"},
	{"runc", "runc"},
	{"mount", "mount"},
}

// Check returns nil if this machine can run a real node, else the reason as a message for users.
func Check() error {
	if os.Geteuid() != 0 {
		return errors.New("real containers need root")
	}
	if missing := missingPackages(); len(missing) > 0 {
		return fmt.Errorf("programs are missing (on Debian: apt-get install %s)", strings.Join(missing, " "))
	}
	return checkCgroups()
}

func missingPackages() []string {
	var missing []string
	add := func(pkg string) {
		if len(missing) == 0 || missing[len(missing)-1] != pkg {
			missing = append(missing, pkg)
		}
	}
	for _, r := range requirements {
		if _, err := exec.LookPath(r.program); err != nil {
			add(r.pkg)
		}
	}
	if _, err := findCNI(); err != nil {
		add("containernetworking-plugins")
	}
	if _, err := image.FindBusybox(); err != nil {
		add("busybox-static")
	}
	return missing
}

// findCNI searches the folders that distributions install the plugins in.
func findCNI() (string, error) {
	for _, dir := range []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"} {
		if hasPlugins(dir) {
			return dir, nil
		}
	}
	return "", errors.New("no folder with the CNI plugins ptp, host-local and loopback")
}

func hasPlugins(dir string) bool {
	for _, plugin := range []string{"ptp", "host-local", "loopback"} {
		if _, err := os.Stat(filepath.Join(dir, plugin)); err != nil {
			return false
		}
	}
	return true
}
